// The pages beside desk and wallboard: who sees them, and how they are loaded, each only when it is opened.

import { type ComponentType, lazy } from 'react';
import type { SessionView } from '../../src/api/contract.ts';
import type { Api } from './api/client.ts';

export interface SectionProps {
  api: Api;
  session: SessionView;
}

type Person = SessionView['person'];

/** Its name for people is `words.sections[name]`. */
export type SectionName =
  | 'account'
  | 'audit'
  | 'border'
  | 'devices'
  | 'environment'
  | 'flows'
  | 'homeWork'
  | 'people'
  | 'recordings';

export interface Section {
  name: SectionName;
  isFor(person: Person): boolean;
  page: ComponentType<SectionProps>;
}

const sections: readonly Section[] = [
  {
    name: 'people',
    isFor: ({ role }) => role === 'supervisor' || role === 'administrator' || role === 'auditor',
    page: lazy(async () => ({ default: (await import('./people/people-page.tsx')).PeoplePage })),
  },
  {
    name: 'devices',
    isFor: ({ role }) => role === 'supervisor' || role === 'administrator' || role === 'auditor',
    page: lazy(async () => ({ default: (await import('./devices/devices-page.tsx')).DevicesPage })),
  },
  {
    name: 'homeWork',
    isFor: ({ role }) => role === 'supervisor' || role === 'administrator' || role === 'auditor',
    page: lazy(async () => ({ default: (await import('./home-work/home-work-page.tsx')).HomeWorkPage })),
  },
  {
    name: 'environment',
    isFor: ({ role }) => role === 'supervisor' || role === 'administrator',
    page: lazy(async () => ({ default: (await import('./environment/checks-page.tsx')).ChecksPage })),
  },
  {
    name: 'flows',
    isFor: ({ role }) => role === 'supervisor' || role === 'administrator',
    page: lazy(async () => ({ default: (await import('./flows/flows-page.tsx')).FlowsPage })),
  },
  {
    name: 'recordings',
    // Agents where the rules let them hear something.
    isFor: ({ role, hearsRecordings }) => role === 'supervisor' || role === 'administrator' || hearsRecordings === true,
    page: lazy(async () => ({ default: (await import('./recordings/recordings-page.tsx')).RecordingsPage })),
  },
  {
    name: 'audit',
    isFor: ({ role }) => role === 'auditor' || role === 'administrator',
    page: lazy(async () => ({ default: (await import('./audit/audit-page.tsx')).AuditPage })),
  },
  {
    name: 'border',
    // It concerns the whole company.
    isFor: ({ role, scope }) => !scope && (role === 'supervisor' || role === 'administrator' || role === 'integrator'),
    page: lazy(async () => ({ default: (await import('./border/border-page.tsx')).BorderPage })),
  },
  {
    name: 'account',
    isFor: () => true,
    page: lazy(async () => ({ default: (await import('./account/account-page.tsx')).AccountPage })),
  },
];

export function sectionsFor(person: Person): readonly Section[] {
  return sections.filter(({ isFor }) => isFor(person));
}
