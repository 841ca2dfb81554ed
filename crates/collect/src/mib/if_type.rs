//! IANAifType-MIB: the names of interface types.

/// The names from 1 on, in the order of their numbers; `-` is a number that was never assigned.
const NAMES: &str = "other regular1822 hdh1822 ddnX25 rfc877x25 ethernetCsmacd iso88023Csmacd iso88024TokenBus \
    iso88025TokenRing iso88026Man starLan proteon10Mbit proteon80Mbit hyperchannel fddi lapb \
    sdlc ds1 e1 basicISDN primaryISDN propPointToPointSerial ppp softwareLoopback eon \
    ethernet3Mbit nsip slip ultra ds3 sip frameRelay rs232 para arcnet arcnetPlus atm miox25 \
    sonet x25ple iso88022llc localTalk smdsDxi frameRelayService v35 hssi hippi modem aal5 \
    sonetPath sonetVT smdsIcip propVirtual propMultiplexor ieee80212 fibreChannel hippiInterface \
    frameRelayInterconnect aflane8023 aflane8025 cctEmul fastEther isdn v11 v36 g703at64k \
    g703at2mb qllc fastEtherFX channel ieee80211 ibm370parChan escon dlsw isdns isdnu lapd \
    ipSwitch rsrb atmLogical ds0 ds0Bundle bsc async cnr iso88025Dtr eplrs arap propCnls hostPad \
    termPad frameRelayMPI x213 adsl radsl sdsl vdsl iso88025CRFPInt myrinet voiceEM voiceFXO \
    voiceFXS voiceEncap voiceOverIp atmDxi atmFuni atmIma pppMultilinkBundle ipOverCdlc \
    ipOverClaw stackToStack virtualIpAddress mpc ipOverAtm iso88025Fiber tdlc gigabitEthernet \
    hdlc lapf v37 x25mlp x25huntGroup transpHdlc interleave fast ip docsCableMaclayer \
    docsCableDownstream docsCableUpstream a12MppSwitch tunnel coffee ces atmSubInterface l2vlan \
    l3ipvlan l3ipxvlan digitalPowerline mediaMailOverIp dtm dcn ipForward msdsl ieee1394 if-gsn \
    dvbRccMacLayer dvbRccDownstream dvbRccUpstream atmVirtual mplsTunnel srp voiceOverAtm \
    voiceOverFrameRelay idsl compositeLink ss7SigLink propWirelessP2P frForward rfc1483 usb \
    ieee8023adLag bgppolicyaccounting frf16MfrBundle h323Gatekeeper h323Proxy mpls mfSigLink \
    hdsl2 shdsl ds1FDL pos dvbAsiIn dvbAsiOut plc nfas tr008 gr303RDT gr303IDT isup \
    propDocsWirelessMaclayer propDocsWirelessDownstream propDocsWirelessUpstream hiperlan2 \
    propBWAp2Mp sonetOverheadChannel digitalWrapperOverheadChannel aal2 radioMAC atmRadio imt \
    mvl reachDSL frDlciEndPt atmVciEndPt opticalChannel opticalTransport propAtm voiceOverCable \
    infiniband teLink q2931 virtualTg sipTg sipSig docsCableUpstreamChannel econet pon155 pon622 \
    bridge linegroup voiceEMFGD voiceFGDEANA voiceDID mpegTransport sixToFour gtp pdnEtherLoop1 \
    pdnEtherLoop2 opticalChannelGroup homepna gfp ciscoISLvlan actelisMetaLOOP fcipLink rpr qam \
    lmp cblVectaStar docsCableMCmtsDownstream adsl2 macSecControlledIF macSecUncontrolledIF \
    aviciOpticalEther atmbond voiceFGDOS mocaVersion1 ieee80216WMAN adsl2plus dvbRcsMacLayer \
    dvbTdm dvbRcsTdma x86Laps wwanPP wwanPP2 voiceEBS ifPwType ilan pip aluELP gpon vdsl2 \
    capwapDot11Profile capwapDot11Bss capwapWtpVirtualRadio bits docsCableUpstreamRfPort \
    cableDownstreamRfPort vmwareVirtualNic ieee802154 otnOdu otnOtu ifVfiType g9981 g9982 g9983 \
    aluEpon aluEponOnu aluEponPhysicalUni aluEponLogicalLink aluGponOnu aluGponPhysicalUni \
    vmwareNicTeam - - - - docsOfdmDownstream docsOfdmaUpstream gfast sdci xboxWireless fastdsl \
    docsCableScte55d1FwdOob docsCableScte55d1RetOob docsCableScte55d2DsOob \
    docsCableScte55d2UsOob docsCableNdf docsCableNdr ptm ghn otnOtsi otnOtuc otnOduc otnOtsig \
    microwaveCarrierTermination microwaveRadioLinkTerminal ieee8021axDrni ax25 ieee19061nanocom \
    cpri omni roe p2pOverLan";

/// The name of an ifType; None for numbers that IANA has not assigned.
pub fn name(if_type: u32) -> Option<&'static str> {
    let at = usize::try_from(if_type).ok()?.checked_sub(1)?;
    NAMES.split_ascii_whitespace().nth(at).filter(|name| *name != "-")
}

/// ieee8023adLag.
pub const IEEE_8023AD_LAG: u32 = 161;
/// propMultiplexor: how some makers call their aggregates.
pub const PROP_MULTIPLEXOR: u32 = 54;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_at_their_numbers() {
        for (number, expected) in [
            (1, Some("other")),
            (6, Some("ethernetCsmacd")),
            (24, Some("softwareLoopback")),
            (53, Some("propVirtual")),
            (PROP_MULTIPLEXOR, Some("propMultiplexor")),
            (71, Some("ieee80211")),
            (117, Some("gigabitEthernet")),
            (131, Some("tunnel")),
            (135, Some("l2vlan")),
            (136, Some("l3ipvlan")),
            (IEEE_8023AD_LAG, Some("ieee8023adLag")),
            (209, Some("bridge")),
            (250, Some("gpon")),
            (272, Some("vmwareNicTeam")),
            (273, None),
            (277, Some("docsOfdmDownstream")),
            (290, Some("ghn")),
            (0, None),
            (u32::MAX, None),
        ] {
            assert_eq!(name(number), expected, "{number}");
        }
    }
}
