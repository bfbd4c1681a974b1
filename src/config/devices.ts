// The sections devices and homeWork: where their rules are. What stands in those files is read with line and column of its own.

import { Type } from 'typebox';
import { section } from '../shared/yaml/yaml-schema.ts';

export const DevicesSection = section('From which devices people may come in (docs/devices.md).', {
  file: Type.Optional(
    Type.String({ description: 'The rules. Without a file devices may be enrolled, and nothing is demanded of them.' }),
  ),
});

export const HomeWorkSection = section('Who may work from home, and the pledge (docs/home-work.md).', {
  file: Type.Optional(
    Type.String({ description: 'The conditions. Without a file what is registered of a person counts (policy).' }),
  ),
});
