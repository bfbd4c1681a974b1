// What kind of network a browser is behind, as far as anybody can say from outside: the addresses that this server sees against
// the company's lists, what the browser claims, which ways were open, and how the round trip moved. Said with how sure it is.
// Pure. Nothing here finds out by itself whose an address is: lists are the company's.

import { createAddressMatch } from '../../shared/address-match.ts';
import type { AddressLists, EnvironmentClaims, LineFigures, NetworkJudgement, NetworkKind, Words } from './check.ts';

export interface NetworkSigns {
  /** Every address from which this session came during the check, oldest first. */
  addresses: readonly string[];
  claimed: EnvironmentClaims['network'];
  reach: EnvironmentClaims['reach'];
  line: LineFigures | undefined;
}

/** Cellular links idle, wake and retransmit: their round trip moves by more than any wire's. */
const restlessMs = 90;

export function createNetworkKinds(lists: AddressLists): (signs: NetworkSigns) => NetworkJudgement {
  const sites = lists.sites.map(({ name, networks }) => ({ name, match: createAddressMatch(networks) }));
  const [vpn, mobile, publicWifi] = [lists.vpn, lists.mobile, lists.publicWifi].map(createAddressMatch) as [
    ReturnType<typeof createAddressMatch>,
    ReturnType<typeof createAddressMatch>,
    ReturnType<typeof createAddressMatch>,
  ];

  function byAddress(address: string): { kind: NetworkKind; sign: string } | undefined {
    const site = sites.find(({ match }) => match.matches(address));
    if (site) return { kind: 'company-site', sign: `site: ${site.name}` };
    if (vpn.matches(address)) return { kind: 'company-vpn', sign: 'list: vpn' };
    if (publicWifi.matches(address)) return { kind: 'public-wifi', sign: 'list: public Wi-Fi' };
    if (mobile.matches(address)) return { kind: 'mobile', sign: 'list: mobile carriers' };
    return undefined;
  }

  return ({ addresses, claimed, reach, line }) => {
    const different = [...new Set(addresses)];
    const listed = different.map(byAddress);
    const signs = listed.flatMap((one) => one?.sign ?? []);
    if (different.length > 1) signs.push('the address changed');
    if (claimed?.type) signs.push(`the browser says ${claimed.type}`);
    const byUdp = reach.some(({ way, reached }) => reached && (way === 'direct-udp' || way === 'relay-udp'));
    const byTcp = reach.some(({ way, reached }) => reached && (way === 'relay-tcp' || way === 'relay-tls'));
    const blocked = !byUdp && byTcp;
    if (blocked) signs.push('no UDP');
    const restless = line?.roundTrip && line.roundTrip.highestMs - line.roundTrip.lowestMs > restlessMs;
    if (restless) signs.push('the round trip is restless');

    const say = (kind: NetworkKind, sureness: NetworkJudgement['sureness']): NetworkJudgement => ({
      ...{ kind, sureness, signs },
      words: wordsOf(kind, sureness),
    });
    // A list that knows only some of the addresses knows the last one best: from there calls would be taken.
    const known = listed.at(-1)?.kind;
    if (known === 'company-site' || known === 'company-vpn') return say(known, 'certain');
    if (known === 'public-wifi') return say(known, claimed?.type === 'ethernet' ? 'possible' : 'likely');
    if (known === 'mobile') return onMobile(claimed?.type, say);
    if (claimed?.type === 'cellular') return say('mobile', 'likely');
    if (different.length > 1) return say('changing', 'likely');
    if (blocked) return say('restricted', 'likely');
    const slow = claimed?.effectiveType !== undefined && claimed.effectiveType !== '4g';
    if (restless && (slow || claimed?.type === 'wifi')) return say('tethered', 'possible');
    return say('other', 'possible');
  };
}

/** A computer on Wi-Fi, cable, Bluetooth or USB behind a mobile carrier's address shares a telephone's line. */
function onMobile(
  type: string | undefined,
  say: (kind: NetworkKind, how: NetworkJudgement['sureness']) => NetworkJudgement,
) {
  if (type === 'cellular') return say('mobile', 'certain');
  if (type === undefined || type === 'unknown') return say('mobile', 'likely');
  return say('tethered', 'likely');
}

const kinds: Record<NetworkKind, Words> = {
  'company-site': { ja: '会社の拠点のネットワークです。', en: 'This is the network of a company site.' },
  'company-vpn': { ja: '会社のVPNを通っています。', en: 'The connection goes through the company’s VPN.' },
  mobile: { ja: '携帯電話会社の回線です。', en: 'This is a mobile carrier’s network.' },
  tethered: {
    ja: 'スマートフォンのテザリングまたはモバイルルーターです。',
    en: 'This computer shares the line of a mobile phone or a mobile router.',
  },
  'public-wifi': {
    ja: '公衆Wi-Fiです。ほかの人が近くで見聞きできる場所かもしれません。',
    en: 'This is public Wi-Fi: others may be near enough to see and hear.',
  },
  restricted: {
    ja: '音声用の通信（UDP）が通らないネットワークです。店や宿泊先の回線によくあります。',
    en: 'This network lets no audio packets (UDP) through, as shops, hotels and some offices do.',
  },
  changing: {
    ja: '確認のあいだに接続元のアドレスが変わりました。回線が切り替わっています。',
    en: 'The address changed during the check: the connection moves between networks.',
  },
  other: {
    ja: 'どの一覧にもないネットワークです。多くは家庭の固定回線です。',
    en: 'This network is on none of the company’s lists; most of these are lines at home.',
  },
};

const surenesses: Record<NetworkJudgement['sureness'], Words> = {
  certain: { ja: '（確実）', en: ' (certain)' },
  likely: { ja: '（ほぼ確実）', en: ' (likely)' },
  possible: { ja: '（推定）', en: ' (a guess)' },
};

function wordsOf(kind: NetworkKind, sureness: NetworkJudgement['sureness']): Words {
  const [what, how] = [kinds[kind], surenesses[sureness]];
  return { ja: `${what.ja}${how.ja}`, en: `${what.en}${how.en}` };
}
