// The desk that the parts of the desk page belong to.

import { createContext, useContext } from 'react';
import { useStore } from '../state/store.ts';
import type { Desk, DeskModelState } from './desk-model.ts';

export const DeskContext = createContext<Desk | undefined>(undefined);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error('this belongs on a desk');
  return desk;
}

export function useDeskState(): DeskModelState {
  return useStore(useDesk().store);
}
