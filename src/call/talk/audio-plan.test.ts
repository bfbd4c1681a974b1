import t from 'tap';
import type { Endpoint } from '../../media/endpoint.ts';
import type { CallState } from '../call-state.ts';
import { audioPlan, type HeardCall, isPair } from './audio-plan.ts';

const endpoint = (name: string) => ({ name }) as unknown as Endpoint;
const names = new Map(['C', 'A', 'B', 'O', 'S', 'T'].map((name) => [name, endpoint(name)]));
const at = (name: string) => names.get(name)!;
const party = (name: string, more: object = {}) => ({ endpoint: at(name), detachedAt: null, ...more });

interface Told {
  phase?: CallState['phase'];
  held?: true;
  agent?: false | 'away';
  outside?: true;
  asked?: 'ringing' | 'waiting' | 'answered' | 'held' | 'away';
  place?: true;
  supervisors?: Record<string, 'listen' | 'whisper' | 'barge' | 'rung'>;
}

function callWith({ phase = 'talking', held, agent, outside, asked, place, supervisors = {} }: Told): HeardCall {
  const colleague = party('B', { detachedAt: asked === 'away' ? 1 : null });
  const state = asked === 'ringing' || asked === 'waiting' ? asked : 'answered';
  const answered = state === 'answered';
  return {
    phase,
    customer: party('C'),
    agent: agent === false ? undefined : party('A', { detachedAt: agent === 'away' ? 1 : null }),
    outside: outside ? party('O') : undefined,
    heldSince: held ? 1 : null,
    consultation: asked && {
      state,
      heldSince: asked === 'held' ? 1 : null,
      colleague: answered && !place ? colleague : undefined,
      outside: answered && place ? party('O') : undefined,
    },
    monitors: Object.entries(supervisors).map(([name, mode]) => ({
      mode: mode === 'rung' ? 'listen' : mode,
      party: mode === 'rung' ? undefined : party(name),
    })),
  } as unknown as HeardCall;
}

/** "C hears A" for everybody, and what those hear who are with nobody. */
function heard(told: Told): string {
  const { together, sounds } = audioPlan(callWith(told));
  const nameOf = (one: Endpoint) => [...names].find(([, known]) => known === one)![0];
  const ears = together.map(({ endpoint: ear }) => {
    const of = together.filter(
      ({ endpoint: mouth, muted, heardBy }) => mouth !== ear && !muted && (!heardBy || heardBy.includes(ear)),
    );
    return `${nameOf(ear)} ${of
      .map((one) => nameOf(one.endpoint))
      .sort()
      .join('')}`;
  });
  const plays = [...sounds].map(([one, what]) => `${nameOf(one)} ${what}`);
  return [...ears, ...plays].sort().join(', ');
}

t.test('who hears whom, for every state of a call', async (t) => {
  const table: [string, Told, string][] = [
    ['two talk', {}, 'A C, C A'],
    ['the customer is on hold', { held: true }, 'C music'],
    ['the agent is away', { agent: 'away' }, 'C music'],
    ['waiting in a queue is the queue’s affair', { phase: 'queued', agent: false }, ''],
    ['parked', { phase: 'parked', agent: false }, 'C music'],
    ['a colleague is rung for a blind transfer', { phase: 'directed', agent: false }, 'C music'],
    ['the customer is with a place outside', { agent: false, outside: true }, 'C O, O C'],
    ['a colleague is rung', { held: true, asked: 'ringing' }, 'A ringback, C music'],
    ['a queue is asked', { held: true, asked: 'waiting' }, 'A music, C music'],
    ['the customer was taken back meanwhile', { asked: 'ringing' }, 'A C, C A'],
    ['a consultation', { held: true, asked: 'answered' }, 'A B, B A, C music'],
    ['with a place outside', { held: true, asked: 'answered', place: true }, 'A O, C music, O A'],
    ['swapped', { asked: 'held' }, 'A C, B music, C A'],
    ['all three', { asked: 'answered' }, 'A BC, B AC, C AB'],
    ['both on hold', { held: true, asked: 'held' }, 'B music, C music'],
    ['the agent reloads during a consultation', { held: true, asked: 'answered', agent: 'away' }, 'B music, C music'],
    ['the agent reloads in a conference', { asked: 'answered', agent: 'away' }, 'B C, C B'],
    ['the colleague reloads in a conference', { asked: 'away' }, 'A C, C A'],
    ['a supervisor listens', { supervisors: { S: 'listen' } }, 'A C, C A, S AC'],
    ['is still rung', { supervisors: { S: 'rung' } }, 'A C, C A'],
    ['whispers', { supervisors: { S: 'whisper' } }, 'A CS, C A, S AC'],
    ['has barged in', { supervisors: { S: 'barge' } }, 'A CS, C AS, S AC'],
    ['two at once', { supervisors: { S: 'listen', T: 'whisper' } }, 'A CT, C A, S AC, T AC'],
    ['during hold', { held: true, supervisors: { S: 'whisper' } }, 'A S, C music, S A'],
    [
      'during a consultation',
      { held: true, asked: 'answered', supervisors: { S: 'listen' } },
      'A B, B A, C music, S AB',
    ],
    ['in a conference', { asked: 'answered', supervisors: { S: 'whisper' } }, 'A BCS, B AC, C AB, S ABC'],
    ['the agent is away, the supervisor hears nobody', { agent: 'away', supervisors: { S: 'listen' } }, 'C music'],
  ];
  for (const [what, told, expected] of table) t.equal(heard(told), expected, what);
});

t.test('only two who hear each other without reserve are a bridge', async (t) => {
  const together = (told: Told) => audioPlan(callWith(told)).together;
  t.ok(isPair(together({})));
  t.ok(isPair(together({ held: true, asked: 'answered' })));
  t.notOk(isPair(together({ held: true, supervisors: { S: 'listen' } })));
  t.notOk(isPair(together({ supervisors: { S: 'listen' } })));
});
