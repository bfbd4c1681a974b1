// Every sentence with which a call or desk refuses a command, under a code that stays the same: programs and pages go by the
// code, people read the sentence (the page in their own language, web-softphone/src/text). A refusal that is not here does
// not compile.

export const refusals = {
  'sign-in-first': 'Sign in at the desk first.',
  'softphone-away': 'The softphone of this desk is not connected.',
  'softphone-silent': 'The softphone did not answer.',
  'in-call-already': 'There is a call at this desk already.',
  'nobody-connected': 'Nobody is connected to this call.',
  'already-held': 'The call is on hold already.',
  'not-held': 'The call is not on hold.',
  'not-ringing': 'This call does not ring at a desk.',
  'no-agent': 'No agent belongs to this call any more.',
  'with-another-desk': 'The call is over, or with another desk.',
  consulting: 'A consultation is under way: swap, join or end it.',
  'no-consultation': 'There is no consultation.',
  'consulted-not-answered': 'Whoever is asked has not answered yet.',
  'in-conference': 'All are in one conversation.',
  'person-not-here': 'This person is not at the desk.',
  'person-not-free': 'This person is not free at the moment.',
  'class-forbidden': 'This call may not go there: it touches personal information.',
  'slots-taken': 'All park slots are taken.',
  'not-parked': 'This call is not parked any more.',
  'not-monitoring': 'You are not with this call.',
  'reason-has-pii': 'This reason touches personal information: it cannot be handed over.',
  'not-on-list': 'A fact or factor is not on the list of the company.',
  'no-such-place': 'There is no such place to transfer to.',
  'no-such-queue': 'There is no such queue.',
  'no-such-reason': 'There is no such reason.',
  'not-our-number': 'The number to present is not one of the company.',
  'environment-check-needed':
    'The check before the shift is missing, was not passed, or no longer counts. Make it first.',
  'telephone-not-set': 'No telephone of your own is known. The administration enters it.',
  'telephone-not-allowed': 'You may not work by telephone.',
  'telephone-only': 'Only the telephone may be used at the moment.',
  'telephone-is-ours': 'This is a number of the company: a call to it would come back here.',
  'on-this-device': 'The call is on this device already.',
  'dial-emergency': 'Emergency numbers are not dialled from here. Use your own telephone.',
  'dial-international': 'International numbers may not be dialled.',
  'dial-premium': 'Premium numbers may not be dialled.',
  'dial-navi-dial': 'Numbers with 0570 may not be dialled.',
  'dial-special-service': 'This service number may not be dialled.',
  'dial-satellite': 'Satellite numbers may not be dialled.',
  'dial-m2m': 'Lines of machines may not be dialled.',
  'dial-cap': 'So many calls of this kind have been made that no more are allowed for now. A supervisor has been told.',
  'dial-emergency-not-here':
    'Emergency numbers are dialled from the centre only. Use your own telephone: from there your place is known.',
  'dial-class': 'You may not make this call where you are: it touches personal information.',
  'dial-listed': 'This number is on the list of numbers that may not be dialled.',
  'dial-unknown': 'This is not a number that can be dialled.',
  'no-such-list': 'There is no such call list.',
  'list-not-running': 'This call list is not running.',
  'list-not-yours': 'This call list is worked on by people of another queue.',
  'list-forbidden': 'These calls touch personal information that you may not handle where you are.',
  'list-outside-hours': 'Customers of this list are not called at this hour.',
  'list-nobody-due': 'Nobody on this list is due at the moment.',
  'list-nobody-shown': 'Take the next customer of the list first.',
  'list-not-judged': 'Say first what came of the last call.',
  'list-not-answered': 'There is no answered call of a list to say anything about.',
  'list-do-not-call': 'This customer is not to be called any more.',
  'no-such-factor': 'There is no such factor to verify.',
  'verification-running': 'The customer is being asked already.',
  'verification-tries': 'This customer has tried too often in this call.',
  'no-verification': 'The customer is not being asked for anything.',
  'not-recorded': 'This call is not being recorded.',
  'no-pause-by-hand': 'Recordings are not paused by hand here.',
  'node-unreachable': 'The server that has this call cannot be reached at the moment.',
} as const;

export type RefusalCode = keyof typeof refusals;
export type Refusal = (typeof refusals)[RefusalCode];

const codes = new Map(Object.entries(refusals).map(([code, sentence]) => [sentence, code as RefusalCode]));

/** Undefined only for a sentence that another version of this program said. */
export function refusalCode(because: Refusal): RefusalCode | undefined {
  return codes.get(because);
}
