// Which recordings a rule is for: by queue, reason and class of the call, or the mailbox of a message. Pure.

/** What a recording is about, as far as it is known. */
export interface RecordingSubject {
  queue: string | null;
  reason: string | null;
  piiClass: string | null;
  mailbox: string | null;
}

export const nothingKnown: RecordingSubject = { queue: null, reason: null, piiClass: null, mailbox: null };

/** All that is given must fit; what is given empty or not at all fits everything. */
export interface Which {
  queues?: readonly string[];
  reasons?: readonly string[];
  classes?: readonly string[];
  mailboxes?: readonly string[];
}

/**
 * `unknownClass`: whether a rule that names classes is also for what has none yet. Who may open: yes, for it is the stricter
 * rule. How long to keep: no.
 */
export function isFor(which: Which, about: RecordingSubject, { unknownClass }: { unknownClass: boolean }): boolean {
  return (
    fits(which.queues, about.queue) &&
    fits(which.reasons, about.reason) &&
    fits(which.mailboxes, about.mailbox) &&
    (fits(which.classes, about.piiClass) || (unknownClass && about.piiClass === null))
  );
}

function fits(wanted: readonly string[] | undefined, value: string | null): boolean {
  return wanted === undefined || wanted.length === 0 || (value !== null && wanted.includes(value));
}
