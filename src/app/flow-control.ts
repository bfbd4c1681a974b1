// What is in force of flows and calendars while the program runs: files that change are read, checked and taken; versions that are
// published go before the files, on every node; calendars are closed and opened by hand. A mistake leaves in force what was.
//
// Nodes agree through the database: each asks every two seconds whether something changed. While the database is away, what is in
// force goes on. Calls keep the version they began with, whatever is published.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FlowOutcome, FlowVersionInfo } from '../api/contracts/flow.ts';
import type { CalendarClosing, FlowControl } from '../api/needs.ts';
import type { FlowSource } from '../routing/flow/file/book.ts';
import { parseBook } from '../routing/flow/file/book.ts';
import type { KnownNames } from '../routing/flow/file/known-names.ts';
import { partsIncluded, peekFlow } from '../routing/flow/file/load.ts';
import type { Flow, FlowProblem, Language } from '../routing/flow/flow.ts';
import { type Closures, openingAt } from '../routing/hours.ts';
import { flowFiles, type RoutingFiles, type RoutingPlaces } from '../routing/routing-files.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import { asError } from '../shared/errors.ts';
import type { PersonId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { EventLog } from '../store/event-log.ts';
import type { Closure, FlowVersion, FlowVersions } from '../store/flow-versions.ts';

const lookMs = 2000;
/** However little seems to have changed, everything is read again after so many looks. */
const looksUntilWhole = 30;
const most = 50;
const allCalendars = '*';

export interface FlowControlNeeds {
  files: RoutingFiles;
  places: RoutingPlaces;
  known: () => KnownNames;
  versions: FlowVersions;
  events: Pick<EventLog, 'append'>;
  clock: Clock;
  log: Logger;
  closer: Closer;
  /** The recorded prompts that there are. */
  prompts: () => Record<Language, string[]>;
  /** Further mistakes of flows that are to be published, such as what a proof finds. */
  prove?: (flow: Flow, source: FlowSource) => Promise<FlowProblem[]>;
  /** Flows changed: what they say can be made into sound. */
  onChanged?: () => void;
}

/** Reads what is published before it resolves; a database that is away is waited for by looking again. */
export async function openFlowControl(needs: FlowControlNeeds): Promise<FlowControl & { closures: Closures }> {
  const control = new Control(needs);
  await control.look();
  const timer = needs.clock.every(lookMs, () => void control.look());
  needs.closer.add('flow control', () => timer.cancel());
  return control;
}

class Control implements FlowControl {
  readonly #needs: FlowControlNeeds;
  readonly #log: Logger;
  #closures = new Map<string, Closure>();
  #seenFiles: string | undefined;
  #seenChanges: number | undefined;
  #looks = 0;
  #away = false;
  #looking: Promise<void> | undefined;
  #problems: FlowProblem[] = [];
  #checkedAt: number;
  /** Flows whose published version goes before the file. */
  #published = new Map<string, string>();

  constructor(needs: FlowControlNeeds) {
    this.#needs = needs;
    this.#log = needs.log;
    this.#checkedAt = needs.clock.now();
  }

  readonly closures: Closures = {
    closedByHand: (calendar, nowMs) => this.#closureOf(calendar, nowMs) !== undefined,
  };

  /** One look at a time. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .then(
        () => this.#tellAway(undefined),
        (thrown: unknown) => this.#tellAway(asError(thrown)),
      )
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  /** Once when it begins and once when it is over. */
  #tellAway(err: Error | undefined): void {
    if (err && !this.#away) this.#log.warn({ err }, 'flows cannot be looked at: what is in force goes on');
    if (!err && this.#away) this.#log.info('flows are looked at again');
    this.#away = err !== undefined;
  }

  async #look(): Promise<void> {
    const { versions, files, places } = this.#needs;
    const seenFiles = await signatureOf(places);
    const changes = await versions.changes();
    const whole = this.#looks++ % looksUntilWhole === 0;
    const first = this.#seenChanges === undefined;
    if (changes !== this.#seenChanges || whole) await this.#readPublished();
    if (seenFiles === this.#seenFiles && changes === this.#seenChanges && !whole) return;
    const filesChanged = seenFiles !== this.#seenFiles;
    this.#seenFiles = seenFiles;
    this.#seenChanges = changes;
    const { published, problems } = await files.reloadFlows();
    if (filesChanged || published.length > 0) this.#tell(problems, first);
    this.#problems = problems;
    this.#checkedAt = this.#needs.clock.now();
    for (const flow of published) this.#log.info({ flow: flow.id, version: flow.version }, 'flow in force');
    await this.#keepFiles();
    if (published.length > 0) this.#needs.onChanged?.();
  }

  #tell(problems: readonly FlowProblem[], first: boolean): void {
    for (const { severity, file, line, column, message } of problems) {
      if (severity === 'error') this.#log.error(`${file}:${line}:${column}: ${message}`);
      else if (!first) this.#log.warn(`${file}:${line}:${column}: ${message}`);
    }
  }

  async #readPublished(): Promise<void> {
    const { versions, files } = this.#needs;
    const inForce = await versions.inForce();
    this.#closures = new Map((await versions.closures()).map((closure) => [closure.calendar, closure]));
    this.#published = new Map(inForce.map(({ flow, version }) => [flow, version]));
    files.putBeforeFiles(inForce.map(sourceOf));
  }

  /** Versions that came from files can be gone back to as well. */
  async #keepFiles(): Promise<void> {
    const { files, versions, clock } = this.#needs;
    const sources = await files.sources();
    for (const source of sources.flows) {
      const id = peekFlow(source.text)?.id;
      const flow = id === undefined ? undefined : files.flows.get(id);
      if (!flow || flow.file !== source.file) continue;
      await versions.keep({ ...versionOf(flow.id, flow.version, source, sources.parts), keptAt: clock.now() });
    }
  }

  state(): { problems: FlowProblem[]; checkedAt: number } {
    return { problems: this.#problems, checkedAt: this.#checkedAt };
  }

  async history(flow: string): Promise<FlowVersionInfo[]> {
    const { versions, files } = this.#needs;
    const [kept, publications] = await Promise.all([versions.kept(flow, most), versions.publications(flow, most)]);
    return kept.map(({ version, keptAt }) => {
      const last = publications.find((one) => one.version === version);
      return {
        version,
        keptAt,
        publishedAt: last?.at ?? null,
        publishedBy: last?.by ?? null,
        inForce: files.flows.get(flow)?.version === version,
      };
    });
  }

  source: FlowControl['source'] = async (flow, version) => {
    const found = await this.#needs.versions.version(flow, version);
    return found && { yaml: found.text };
  };

  async publish(id: string, by: PersonId | null, yaml?: string): Promise<FlowOutcome> {
    const { files, versions, clock, prove } = this.#needs;
    const sources = await files.sources();
    const inFolder = sources.flows.find(({ text }) => peekFlow(text)?.id === id);
    const text = yaml ?? inFolder?.text;
    // A flow begins as a file: at a start without the database there must be something that answers.
    if (text === undefined || (!inFolder && !files.flows.get(id))) return { kind: 'not-found' };
    const file = yaml === undefined ? inFolder!.file : `${id}.yaml`;
    const [parsed] = parseBook([{ file, text }], sources.parts, this.#names(), files.flows.list()).flows;
    if (!parsed) return { kind: 'not-found' };
    const problems = [...parsed.problems, ...(parsed.ok && prove ? await prove(parsed.flow, { file, text }) : [])];
    if (!parsed.ok || problems.some(({ severity }) => severity === 'error')) return { kind: 'refused', problems };
    if (parsed.flow.id !== id) return { kind: 'other-flow', id: parsed.flow.id };
    const version = versionOf(id, parsed.flow.version, { file, text }, sources.parts);
    await versions.keep({ ...version, keptAt: clock.now() });
    return this.#put(id, version.version, by, problems);
  }

  /** What a flow may name at the moment it is put in force; recorded prompts too, which a file may be ahead of. */
  #names(): KnownNames {
    const { files, known, prompts } = this.#needs;
    return {
      ...{ ...known(), prompts: prompts() },
      ...{ reasons: [...files.reasons.keys()], calendars: [...files.calendars.keys()] },
    };
  }

  async rollBack(id: string, by: PersonId | null, version?: string): Promise<FlowOutcome> {
    const { versions, files } = this.#needs;
    const present = files.flows.get(id)?.version;
    const target = version ?? (await this.#before(id, present));
    const found = target === undefined ? undefined : await versions.version(id, target);
    if (!found) return { kind: 'not-found' };
    // What was right then may name a queue that is gone.
    const [parsed] = parseBook([sourceOf(found)], [], this.#names(), files.flows.list()).flows;
    if (!parsed?.ok) return { kind: 'refused', problems: parsed?.problems ?? [] };
    return this.#put(id, found.version, by, parsed.problems);
  }

  /** The file of the flow is in force again. */
  async followFile(id: string, by: PersonId | null): Promise<FlowOutcome> {
    const sources = await this.#needs.files.sources();
    if (!sources.flows.some(({ text }) => peekFlow(text)?.id === id)) return { kind: 'not-found' };
    return this.#put(id, null, by, []);
  }

  async #before(id: string, present: string | undefined): Promise<string | undefined> {
    const { versions } = this.#needs;
    const publications = await versions.publications(id, most);
    const kept = await versions.kept(id, most);
    const published = publications.find((one) => one.version !== null && one.version !== present)?.version;
    const at = kept.findIndex((one) => one.version === present);
    return published ?? kept.slice(at + 1).find((one) => one.version !== present)?.version;
  }

  async #put(id: string, version: string | null, by: PersonId | null, problems: FlowProblem[]): Promise<FlowOutcome> {
    const { versions, clock, events, files } = this.#needs;
    await versions.publish({ flow: id, version, at: clock.now(), by });
    await this.#lookAgain();
    const inForce = files.flows.get(id)?.version ?? version ?? '';
    await events.append({ type: 'flow-published', flow: id, version: inForce, personId: by });
    return { kind: 'published', version: inForce, problems };
  }

  isPublished(id: string): boolean {
    return this.#published.has(id);
  }

  async closeCalendar(closing: CalendarClosing): Promise<boolean> {
    const { versions, files, clock, events } = this.#needs;
    const { calendar, until, by, because } = closing;
    if (calendar !== null && !files.calendars.has(calendar)) return false;
    await versions.close({ calendar: calendar ?? allCalendars, since: clock.now(), until, by, because });
    await this.#lookAgain();
    await events.append({ type: 'closure-changed', calendar, closed: true, because, until, personId: by });
    return true;
  }

  async openCalendar(calendar: string | null, by: PersonId | null): Promise<boolean> {
    const { versions, events } = this.#needs;
    if (!(await versions.open(calendar ?? allCalendars))) return false;
    await this.#lookAgain();
    await events.append({ type: 'closure-changed', calendar, closed: false, because: '', until: null, personId: by });
    return true;
  }

  /** What another look has read may be older than what was just written. */
  async #lookAgain(): Promise<void> {
    await this.#looking;
    await this.look();
  }

  calendars() {
    const now = this.#needs.clock.now();
    return [...this.#needs.files.calendars.values()].map((calendar) => ({
      calendar,
      now: openingAt(calendar, now, this.closures),
      closure: this.#closureOf(calendar.id, now) ?? null,
    }));
  }

  #closureOf(calendar: string, now: number): Closure | undefined {
    const both = [this.#closures.get(calendar), this.#closures.get(allCalendars)];
    return both.find((one) => one && now >= one.since && (one.until === null || now < one.until));
  }
}

function versionOf(
  flow: string,
  version: string,
  { text }: FlowSource,
  parts: readonly FlowSource[],
): Omit<FlowVersion, 'keptAt'> {
  return { flow, version, text, parts: partsIncluded(text, parts) };
}

function sourceOf({ flow, version, text, parts }: FlowVersion): FlowSource {
  const file = `${flow}@${version}`;
  return { file, text, parts: parts.map((part) => ({ file: `${file}/${part.name}`, text: part.text })) };
}

/** Names, sizes and times of the files: another text is another signature, also behind a symbolic link that moved. */
async function signatureOf({ folder, reasons, calendars }: RoutingPlaces): Promise<string> {
  const found = await flowFiles(folder);
  const parts = await flowFiles(join(folder, 'parts'));
  const names = [...(found.ok ? found.files : []), ...(parts.ok ? parts.files : []), reasons, calendars ?? ''];
  const states = await Promise.all(names.map((name) => stat(name).catch(() => undefined)));
  return JSON.stringify(
    names.map((name, at) => [name, states[at]?.mtimeMs ?? 0, states[at]?.size ?? -1, states[at]?.ino ?? 0]),
  );
}
