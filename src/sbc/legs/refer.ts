// REFER inside a dialog (RFC 3515, without subscription by RFC 4488): accepted or declined at once, its outcome told by
// NOTIFY. Who is called then, and whether that is allowed, is the call's business. Replaces (RFC 3891) is declined: who
// wants two calls joined asks for it through the API.

import { parseAddress } from '../../protocol/sip/address.ts';
import { parseUri, unescapeUri } from '../../protocol/sip/uri.ts';
import { respond } from '../link/control-link.ts';
import type { IncomingRequest, OutgoingResponse } from '../link/srf-types.ts';
import type { SipDialog } from './sip-dialog.ts';

const fragments = {
  trying: 'SIP/2.0 100 Trying',
  ok: 'SIP/2.0 200 OK',
  failed: 'SIP/2.0 503 Service Unavailable',
} as const;

/** A transfer that the call never reports on ends its subscription after this. */
const reportWithinSeconds = 180;

export function answerRefer(dialog: SipDialog, request: IncomingRequest, response: OutgoingResponse): void {
  const { owner } = dialog.options;
  const target = referTarget(request.get('Refer-To'));
  if (target === undefined) return respond(response, 400);
  if (target === 'replaces' || !owner.mayTransfer) return respond(response, 603);
  const silent = request.get('Refer-Sub')?.trim().toLowerCase().startsWith('false') === true;
  respond(response, 202, silent ? { headers: { 'Refer-Sub': 'false' } } : {}, (error) => {
    if (error) return;
    const report = silent ? () => {} : createReport(dialog, request);
    report('trying');
    owner.emit('transferAsked', { target: target.user, report });
  });
}

function referTarget(referTo: string | undefined): { user: string } | 'replaces' | undefined {
  const address = referTo === undefined ? undefined : parseAddress(referTo);
  const uri = address && parseUri(address.uri);
  if (!uri || uri.scheme === 'other') return undefined;
  if (uri.scheme === 'tel') return { user: uri.number };
  if (uri.headers.some(({ name }) => name.toLowerCase() === 'replaces')) return 'replaces';
  return uri.user === undefined ? undefined : { user: unescapeUri(uri.user) };
}

function createReport(dialog: SipDialog, request: IncomingRequest): (outcome: keyof typeof fragments) => void {
  const { link, dialogId, clock, log } = dialog.options;
  const id = request.get('CSeq')?.split(' ')[0];
  const startedAt = clock.now();
  let over = false;
  return (outcome) => {
    if (over || dialog.closed) return;
    over = outcome !== 'trying';
    const left = Math.max(1, reportWithinSeconds - Math.floor((clock.now() - startedAt) / 1000));
    const headers = {
      Event: id ? `refer;id=${id}` : 'refer',
      'Subscription-State': over ? 'terminated;reason=noresource' : `active;expires=${left}`,
      'Content-Type': 'message/sipfrag;version=2.0',
    };
    link.request(
      { method: 'NOTIFY', stackDialogId: dialogId, headers, body: fragments[outcome] + '\r\n' },
      {
        response: (answer) => {
          if (answer.status >= 300) log.debug({ sipStatus: answer.status }, 'a NOTIFY was refused');
        },
        failed: (because) => log.debug({ because }, 'a NOTIFY went unanswered'),
      },
    );
  };
}
