import { stateConformance } from './conformance.ts';
import { createMemoryState } from './memory.ts';

stateConformance('memory', async (clock) => createMemoryState(clock));
