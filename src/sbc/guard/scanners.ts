// Programs that call themselves what they are: scanners and dialling tools that no carrier uses. Found in User-Agent, and in the user part
// or display name of From and To, where they sign too. Whoever changes the name is caught by what it does (sip-guard.ts).

/** In any case, anywhere in the text. */
export const knownScanners: readonly string[] = [
  'friendly-scanner',
  'friendly-request',
  'sipvicious',
  'sipcli',
  'sip-cli',
  'sip-scan',
  'sipsak',
  'sipptk',
  'sundayddr',
  'iwar',
  'vaxsipuseragent',
  'vaxasip',
  'vaxipuseragent',
  'sivus',
  'smap',
  'warvox',
  'pplsip',
  'conaito',
  'csipsimple-scan',
  'siparmyknife',
  'sipbomber',
  'protos',
  'eyebeam release 3006o',
  'gulp',
  'masscan',
  'zgrab',
  'nmap',
  'shodan',
];

/** A test for texts; `more` are the operator's own. */
export function createScannerTest(more: readonly string[] = []): (text: string) => boolean {
  const escaped = [...knownScanners, ...more].map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const any = new RegExp(`(?:^|[^a-z0-9])(?:${escaped.join('|')})`, 'i');
  return (text) => any.test(text.slice(0, 300));
}
