// Versions of flows and closures of calendars: what is in force on all nodes, and what was. Every change has a number that only
// grows, so that a node knows by one small question whether it has something to read.

import type { PersonId } from '../shared/ids.ts';

/** The text of a flow and of the parts that it includes, for good: the same version is never another text. */
export interface FlowVersion {
  flow: string;
  version: string;
  text: string;
  parts: readonly { name: string; text: string }[];
  /** When it was first taken, from a file or by the API. */
  keptAt: number;
}

export interface FlowPublication {
  flow: string;
  /** Null: the file of the flow is in force again. */
  version: string | null;
  at: number;
  by: PersonId | null;
}

/** A calendar that is closed by hand. */
export interface Closure {
  /** `*`: all of them. */
  calendar: string;
  since: number;
  /** Null: until somebody opens it. */
  until: number | null;
  by: PersonId | null;
  /** In the words of who closed it. */
  because: string;
}

export interface FlowVersions {
  /** Idempotent; the first time counts. */
  keep(version: FlowVersion): Promise<void>;
  /** Newest first. */
  kept(flow: string, limit: number): Promise<FlowVersion[]>;
  version(flow: string, version: string): Promise<FlowVersion | undefined>;
  publish(publication: FlowPublication): Promise<void>;
  /** Newest first. */
  publications(flow: string, limit: number): Promise<FlowPublication[]>;
  /** The versions that are in force in place of their files. */
  inForce(): Promise<FlowVersion[]>;
  close(closure: Closure): Promise<void>;
  /** False: it was not closed. */
  open(calendar: string): Promise<boolean>;
  /** Those that have not been opened again, also when their time is over. */
  closures(): Promise<Closure[]>;
  /** Grows with every publication, closing and opening. */
  changes(): Promise<number>;
}
