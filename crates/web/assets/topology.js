// Draws the map: where things stand and what is said of them comes from the server.
"use strict";

(() => {
  const map = document.getElementById("map");
  if (!map || !window.echarts) return;
  map.hidden = false;
  const picture = map.querySelector(".map-picture");
  const live = document.getElementById("map-live");
  const form = document.getElementById("map-search");
  const found = form.querySelector(".found");
  const chart = echarts.init(picture, null, { renderer: "canvas" });
  /** How often states are asked for, in ms. */
  const BEAT = 10_000;
  /** In the map's own units. */
  const FAR = 600;
  /** Sides of a node in px where names have the room that they were given, and the least. */
  const [SIZE, LEAST] = [16, 4];
  /** From this scale on there is room for the names of nodes that nothing hangs on. */
  const ROOM = 0.62;
  let detailed = false;
  let graph = { version: "", nodes: [], links: [] };

  function colours() {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(`--${name}`).trim();
    return {
      sheet: of("sheet"), ink: of("ink"), soft: of("soft"), line: of("line"), accent: of("accent"),
      good: of("good"), warn: of("warn"), bad: of("bad"), note: of("note"), group: of("note-ground"),
      // Status as colour and shape: circle, square, hollow.
      status: {
        reachable: { colour: of("good"), symbol: "circle", filled: true },
        unreachable: { colour: of("bad"), symbol: "rect", filled: true },
        unknown: { colour: of("soft"), symbol: "circle", filled: false },
      },
    };
  }

  function shape(node, c) {
    const status = c.status[node.status] ?? c.status.unknown;
    switch (node.kind) {
      case "neighbour": return { symbol: "diamond", sides: [1.1, 1.1], fill: c.sheet, edge: c.note };
      case "segment": return { symbol: "rect", sides: [1.5, 0.4], fill: c.sheet, edge: c.soft };
      case "group": {
        const edge = node.status === "unreachable" ? c.bad : c.note;
        return { symbol: "roundRect", sides: [1.9, 1.3], fill: c.group, edge };
      }
      default: return { symbol: status.symbol, sides: [1, 1], fill: status.filled ? status.colour : c.sheet, edge: status.colour };
    }
  }

  function node(one, c, size) {
    const { symbol, sides, fill, edge } = shape(one, c);
    const thick = Math.max(size / SIZE, 0.5);
    return {
      id: one.id, name: one.name, x: one.x, y: one.y, symbol, symbolSize: sides.map((side) => side * size),
      itemStyle: { color: fill, borderColor: one.held ? c.warn : edge, borderWidth: (one.held ? 4 : 2) * thick },
      label: { show: detailed || !one.leaf, formatter: () => (one.counts && detailed ? `${one.name}\n${one.counts}` : one.name) },
    };
  }

  function link(one, c) {
    const colour = { up: c.soft, down: c.bad }[one.status] ?? c.soft;
    const type = one.status === "down" ? "dashed" : one.guessed || one.status !== "up" ? "dotted" : "solid";
    const width = Math.min(0.7 + one.members * 0.5, 4);
    const [from, to] = [graph.nodes[one.from], graph.nodes[one.to]];
    // What leads far crosses much that it has nothing to do with.
    const far = Math.hypot(from.x - to.x, from.y - to.y) > FAR;
    const opacity = one.status === "down" ? 1 : far ? 0.3 : 0.6;
    return { source: one.from, target: one.to, lineStyle: { color: colour, type, width, opacity } };
  }

  function told(params) {
    const of = params.dataType === "edge" ? graph.links : graph.nodes;
    return of[params.dataIndex]?.told.join("\n") ?? "";
  }

  function series() {
    const c = colours();
    const { scale, rect } = frame();
    const size = Math.max(LEAST, Math.min(SIZE, SIZE * 1.6 * scale));
    // Nodes grow while one zooms in until they have their full size.
    const nodeScaleRatio = scale < 1 ? Math.max((SIZE / size - 1) / (1 / scale - 1), 0) : 0.2;
    detailed = scale * zoomed() >= ROOM;
    return {
      tooltip: {
        renderMode: "richText", confine: true, formatter: told, backgroundColor: c.sheet, borderColor: c.line,
        textStyle: { color: c.ink, fontSize: 13 },
      },
      series: [{
        type: "graph", layout: "none", roam: true, scaleLimit: { min: 0.5, max: 40 }, nodeScaleRatio,
        ...rect, edgeSymbol: "none", animation: false,
        label: { show: true, position: "bottom", distance: 3, color: c.ink, fontSize: 11, lineHeight: 14, textBorderColor: c.sheet, textBorderWidth: 3 },
        labelLayout: { hideOverlap: true },
        emphasis: { focus: "adjacency", lineStyle: { width: 3, opacity: 1 }, itemStyle: { shadowBlur: 0 }, label: { fontWeight: "bold" } },
        blur: { itemStyle: { opacity: 0.35 }, lineStyle: { opacity: 0.1 }, label: { opacity: 0.35 } },
        data: graph.nodes.map((one) => node(one, c, size)),
        links: graph.links.map((one) => link(one, c)),
      }],
    };
  }

  /** Where the nodes are, in their own units. */
  function bounds() {
    const span = (values) => [Math.min(...values), Math.max(...values)];
    const [left, right] = span(graph.nodes.map((one) => one.x));
    const [top, bottom] = span(graph.nodes.map((one) => one.y));
    return { left, top, width: Math.max(right - left, 1), height: Math.max(bottom - top, 1) };
  }

  /** The part of the picture that the whole takes up, and its scale: undistorted, and a small map is not blown up. */
  function frame() {
    const { width, height } = bounds();
    const [side, above, below] = [52, 28, 48];
    const room = { width: Math.max(picture.clientWidth - 2 * side, 1), height: Math.max(picture.clientHeight - above - below, 1) };
    const scale = Math.min(room.width / width, room.height / height, 1.2);
    const taken = { width: width * scale, height: height * scale };
    const left = side + (room.width - taken.width) / 2;
    const top = above + (room.height - taken.height) / 2;
    return { scale, rect: { left, top, ...taken } };
  }

  /** How much the whole is enlarged now. */
  function zoomed() {
    return chart.getOption()?.series?.[0]?.zoom ?? 1;
  }

  /** Names appear, and go, when the scale has passed the one from which there is room for them. */
  function rename() {
    if (frame().scale * zoomed() >= ROOM !== detailed) chart.setOption(series());
  }
  let rest = 0;
  chart.on("graphroam", () => {
    clearTimeout(rest);
    rest = setTimeout(rename, 80);
  });

  function look(center, zoom) {
    chart.setOption({ series: [{ center, zoom }] });
    rename();
  }

  function whole() {
    const { left, top, width, height } = bounds();
    look([left + width / 2, top + height / 2], 1);
  }

  /** How much the whole is to be enlarged until names have the room that they were given. */
  function readable() {
    return Math.max(1, Math.min(1 / frame().scale, 40));
  }

  /** Shows a node, or opens what it is folded into. */
  function goTo(id) {
    const at = graph.nodes.findIndex((one) => one.id === id || one.holds.includes(id));
    if (at < 0) return false;
    const one = graph.nodes[at];
    if (one.id !== id) {
      location.assign(`${one.href}&focus=${encodeURIComponent(id)}`);
      return true;
    }
    look([one.x, one.y], readable());
    chart.dispatchAction({ type: "downplay", seriesIndex: 0 });
    chart.dispatchAction({ type: "highlight", seriesIndex: 0, dataIndex: at });
    chart.dispatchAction({ type: "showTip", seriesIndex: 0, dataIndex: at });
    return true;
  }

  function tell(on) {
    live.textContent = on ? live.dataset.on : live.dataset.off;
    live.classList.toggle("on", on);
  }

  async function ask(watching) {
    try {
      const headers = { "HX-Request": "true" };
      // What the page asks by itself is no use of the session.
      if (watching) headers["X-Netwarden-Watch"] = "1";
      const answer = await fetch(`${map.dataset.graph}&have=${graph.version}`, { headers });
      const to = answer.headers.get("HX-Redirect");
      if (to) location.assign(to);
      if (!answer.ok) throw new Error(String(answer.status));
      tell(true);
      if (answer.status === 204) return false;
      graph = await answer.json();
      return true;
    } catch {
      tell(false);
      return false;
    }
  }

  async function begin() {
    if (!(await ask(false))) return;
    performance.mark("topology-asked");
    chart.on("finished", function drawn() {
      chart.off("finished", drawn);
      performance.measure("topology-drawn", "topology-asked");
    });
    chart.setOption(series());
    if (map.dataset.focus) goTo(map.dataset.focus);
  }

  // States change in place: what the reader looks at does not move.
  setInterval(async () => {
    if (document.visibilityState === "visible" && (await ask(true))) chart.setOption(series());
  }, BEAT);

  chart.on("click", (params) => {
    const href = params.dataType === "node" ? graph.nodes[params.dataIndex]?.href : null;
    if (href) location.assign(href);
  });

  const roam = (change) => chart.dispatchAction({ type: "graphRoam", seriesIndex: 0, ...change });
  const middle = () => ({ originX: picture.clientWidth / 2, originY: picture.clientHeight / 2 });
  const zoom = { in: () => roam({ zoom: 1.4, ...middle() }), out: () => roam({ zoom: 1 / 1.4, ...middle() }), whole };
  for (const button of map.querySelectorAll("[data-zoom]")) button.addEventListener("click", zoom[button.dataset.zoom]);
  const STEP = 80;
  const keys = {
    "+": zoom.in, "=": zoom.in, "-": zoom.out, 0: zoom.whole,
    ArrowLeft: () => roam({ dx: STEP, dy: 0 }), ArrowRight: () => roam({ dx: -STEP, dy: 0 }),
    ArrowUp: () => roam({ dx: 0, dy: STEP }), ArrowDown: () => roam({ dx: 0, dy: -STEP }),
  };
  picture.addEventListener("keydown", (event) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? null : keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  /** What was found, as buttons; one that is nowhere cannot be chosen. */
  let latest = 0;
  async function search() {
    const text = form.elements.q.value.trim();
    const mine = ++latest;
    if (!text) return found.replaceChildren();
    const answer = await fetch(`/topology/find?q=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" } });
    if (answer.status !== 200 || mine !== latest) return;
    const hits = await answer.json();
    if (mine !== latest) return;
    const buttons = hits.map((hit) => {
      const button = document.createElement("button");
      const about = document.createElement("small");
      button.type = "button";
      button.disabled = !hit.node;
      about.textContent = hit.about;
      button.append(hit.title, " ", about);
      button.addEventListener("click", () => {
        found.replaceChildren();
        goTo(hit.node);
        picture.focus({ preventScroll: true });
      });
      return button;
    });
    found.replaceChildren(...buttons);
    if (!buttons.length) found.textContent = found.dataset.none;
  }
  let pause = 0;
  form.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(search, 200);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearTimeout(pause);
    await search();
    found.querySelector("button:enabled")?.click();
  });
  form.addEventListener("keydown", (event) => {
    const hits = [...found.querySelectorAll("button:enabled")];
    const at = hits.indexOf(document.activeElement);
    if (event.key === "Escape") {
      found.replaceChildren();
      form.elements.q.focus();
    } else if (event.key === "ArrowDown" && hits.length) {
      hits[Math.min(at + 1, hits.length - 1)].focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      (at === 0 ? form.elements.q : hits[at - 1]).focus();
    } else {
      return;
    }
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (!form.contains(event.target)) found.replaceChildren();
  });

  const by = document.getElementById("map-by");
  by.querySelector("button").hidden = true;
  by.addEventListener("change", () => by.submit());
  new ResizeObserver(() => {
    chart.resize();
    if (graph.nodes.length) chart.setOption(series());
  }).observe(picture);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.setOption(series()));
  begin();
})();
