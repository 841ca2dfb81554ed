/*
 * A walker on net-snmp's asynchronous library: the peer that our own walks are measured against.
 *
 *   walk TARGETS MAX_REPETITIONS IN_FLIGHT v2c COMMUNITY            COLUMN...
 *   walk TARGETS MAX_REPETITIONS IN_FLIGHT v3  USER AUTH_PW PRIV_PW COLUMN...   (SHA-256, AES-128)
 *
 * TARGETS has one HOST:PORT a line. All unfinished columns of an agent are asked for in one GETBULK; IN_FLIGHT
 * agents are walked at the same time. At the end it prints one line of JSON: agents, failures, variables,
 * requests, seconds, CPU seconds (user and system), and a hash of all variables that does not depend on
 * their order.
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/large_fd_set.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>

#define MAX_COLUMNS 32

struct column {
    oid root[MAX_OID_LEN];
    size_t root_len;
};

struct agent {
    char target[160];
    netsnmp_session *session;
    oid last[MAX_COLUMNS][MAX_OID_LEN];
    size_t last_len[MAX_COLUMNS];
    int open[MAX_COLUMNS];
    /* Its session is closed by the main loop: a callback must not close the session that called it. */
    int finished;
};

static struct column columns[MAX_COLUMNS];
static int column_count;
static long max_repetitions;
static struct agent *agents;
static size_t agent_count, next_agent, under_way, failures;
static uint64_t variables, requests, hash;
static netsnmp_session template;

static uint64_t fnv(uint64_t state, const void *data, size_t length)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < length; i++)
        state = (state ^ bytes[i]) * 0x100000001b3ULL;
    return state;
}

static uint64_t fnv_sub_ids(uint64_t state, const oid *name, size_t length)
{
    for (size_t i = 0; i < length; i++)
        state = (state ^ (uint32_t)name[i]) * 0x100000001b3ULL;
    return state;
}

static uint64_t fnv_number(uint64_t state, int64_t number)
{
    unsigned char octets[8];
    for (int i = 0; i < 8; i++)
        octets[i] = (uint64_t)number >> (56 - 8 * i);
    return fnv(state, octets, 8);
}

static uint64_t hash_of(const netsnmp_variable_list *variable)
{
    uint64_t state = fnv_sub_ids(0xcbf29ce484222325ULL, variable->name, variable->name_length);
    unsigned char type = variable->type;
    state = fnv(state, &type, 1);
    switch (variable->type) {
    case ASN_INTEGER:
        return fnv_number(state, *variable->val.integer);
    case ASN_COUNTER:
    case ASN_GAUGE:
    case ASN_TIMETICKS:
        return fnv_number(state, (uint32_t)*variable->val.integer);
    case ASN_COUNTER64:
        return fnv_number(state, (int64_t)(((uint64_t)variable->val.counter64->high << 32)
                                           | (variable->val.counter64->low & 0xffffffffULL)));
    case ASN_OBJECT_ID:
        return fnv_sub_ids(state, variable->val.objid, variable->val_len / sizeof(oid));
    default:
        return fnv(state, variable->val.string, variable->val_len);
    }
}

static int answered(int operation, netsnmp_session *session, int request, netsnmp_pdu *pdu, void *magic);

static void finish(struct agent *agent, int failed)
{
    if (failed)
        failures++;
    agent->finished = 1;
    under_way--;
}

static void close_finished(size_t up_to)
{
    for (size_t i = 0; i < up_to; i++)
        if (agents[i].finished && agents[i].session) {
            snmp_close(agents[i].session);
            agents[i].session = NULL;
        }
}

static void ask(struct agent *agent)
{
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GETBULK);
    pdu->non_repeaters = 0;
    pdu->max_repetitions = max_repetitions;
    int open = 0;
    for (int c = 0; c < column_count; c++)
        if (agent->open[c]) {
            snmp_add_null_var(pdu, agent->last[c], agent->last_len[c]);
            open++;
        }
    if (!open) {
        snmp_free_pdu(pdu);
        finish(agent, 0);
        return;
    }
    requests++;
    if (!snmp_send(agent->session, pdu)) {
        snmp_free_pdu(pdu);
        finish(agent, 1);
    }
}

static int answered(int operation, netsnmp_session *session, int request, netsnmp_pdu *pdu, void *magic)
{
    struct agent *agent = magic;
    (void)session;
    (void)request;
    if (agent->finished)
        return 1;
    if (operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE || pdu->errstat != SNMP_ERR_NOERROR) {
        finish(agent, 1);
        return 1;
    }
    int asked[MAX_COLUMNS], asked_count = 0;
    for (int c = 0; c < column_count; c++)
        if (agent->open[c])
            asked[asked_count++] = c;
    int at = 0;
    for (netsnmp_variable_list *v = pdu->variables; v; v = v->next_variable, at++) {
        int c = asked[at % asked_count];
        if (!agent->open[c])
            continue;
        struct column *column = &columns[c];
        if (v->type == SNMP_ENDOFMIBVIEW || v->name_length < column->root_len
            || memcmp(v->name, column->root, column->root_len * sizeof(oid)) != 0) {
            agent->open[c] = 0;
            continue;
        }
        variables++;
        hash += hash_of(v);
        memcpy(agent->last[c], v->name, v->name_length * sizeof(oid));
        agent->last_len[c] = v->name_length;
    }
    if (at == 0)
        memset(agent->open, 0, sizeof agent->open);
    ask(agent);
    return 1;
}

static void begin(struct agent *agent)
{
    netsnmp_session session = template;
    session.peername = agent->target;
    session.callback = answered;
    session.callback_magic = agent;
    under_way++;
    agent->session = snmp_open(&session);
    if (!agent->session) {
        under_way--;
        failures++;
        return;
    }
    for (int c = 0; c < column_count; c++) {
        memcpy(agent->last[c], columns[c].root, columns[c].root_len * sizeof(oid));
        agent->last_len[c] = columns[c].root_len;
        agent->open[c] = 1;
    }
    ask(agent);
}

static void read_targets(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[128];
    if (!file) {
        perror(path);
        exit(2);
    }
    while (fscanf(file, "%127s%*[^\n]", line) == 1) {
        agents = realloc(agents, (agent_count + 1) * sizeof *agents);
        if (!agents)
            abort();
        memset(&agents[agent_count], 0, sizeof *agents);
        snprintf(agents[agent_count++].target, sizeof agents->target, "udp:%s", line);
    }
    fclose(file);
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    if (argc < 7) {
        fprintf(stderr, "usage: see the head of walk.c\n");
        return 2;
    }
    init_snmp("netwarden-bench");
    snmp_sess_init(&template);
    template.timeout = 1000000;
    template.retries = 3;
    max_repetitions = atol(argv[2]);
    size_t in_flight = strtoul(argv[3], NULL, 10);
    int first_column;
    if (strcmp(argv[4], "v2c") == 0) {
        template.version = SNMP_VERSION_2c;
        template.community = (u_char *)argv[5];
        template.community_len = strlen(argv[5]);
        first_column = 6;
    } else {
        template.version = SNMP_VERSION_3;
        template.securityName = argv[5];
        template.securityNameLen = strlen(argv[5]);
        template.securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
        template.securityAuthProto = snmp_duplicate_objid(usmHMAC192SHA256AuthProtocol, OID_LENGTH(usmHMAC192SHA256AuthProtocol));
        template.securityAuthProtoLen = OID_LENGTH(usmHMAC192SHA256AuthProtocol);
        template.securityAuthKeyLen = USM_AUTH_KU_LEN;
        template.securityPrivProto = snmp_duplicate_objid(usmAESPrivProtocol, OID_LENGTH(usmAESPrivProtocol));
        template.securityPrivProtoLen = OID_LENGTH(usmAESPrivProtocol);
        template.securityPrivKeyLen = USM_PRIV_KU_LEN;
        if (generate_Ku(template.securityAuthProto, template.securityAuthProtoLen, (u_char *)argv[6], strlen(argv[6]),
                        template.securityAuthKey, &template.securityAuthKeyLen) != SNMPERR_SUCCESS
            || generate_Ku(template.securityAuthProto, template.securityAuthProtoLen, (u_char *)argv[7], strlen(argv[7]),
                           template.securityPrivKey, &template.securityPrivKeyLen) != SNMPERR_SUCCESS) {
            fprintf(stderr, "the passwords give no key\n");
            return 2;
        }
        first_column = 8;
    }
    for (int i = first_column; i < argc && column_count < MAX_COLUMNS; i++) {
        columns[column_count].root_len = MAX_OID_LEN;
        if (!read_objid(argv[i], columns[column_count].root, &columns[column_count].root_len)) {
            fprintf(stderr, "%s is no OID\n", argv[i]);
            return 2;
        }
        column_count++;
    }
    read_targets(argv[1]);

    struct timeval start, end;
    gettimeofday(&start, NULL);
    netsnmp_large_fd_set fds;
    netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
    while (next_agent < agent_count || under_way) {
        while (under_way < in_flight && next_agent < agent_count)
            begin(&agents[next_agent++]);
        int highest = 0, block = 1;
        struct timeval timeout = { 1, 0 };
        NETSNMP_LARGE_FD_ZERO(&fds);
        snmp_select_info2(&highest, &fds, &timeout, &block);
        int ready = netsnmp_large_fd_set_select(highest, &fds, NULL, NULL, &timeout);
        if (ready > 0)
            snmp_read2(&fds);
        else
            snmp_timeout();
        close_finished(next_agent);
    }
    gettimeofday(&end, NULL);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"agents\":%zu,\"failures\":%zu,\"variables\":%llu,\"requests\":%llu,\"seconds\":%.3f,"
           "\"cpu_seconds\":%.3f,\"hash\":\"%016llx\"}\n",
           agent_count, failures, (unsigned long long)variables, (unsigned long long)requests,
           seconds(end) - seconds(start), seconds(usage.ru_utime) + seconds(usage.ru_stime), (unsigned long long)hash);
    return failures ? 1 : 0;
}
