import { mkdirSync } from 'node:fs';
import { storeFailure } from './failures.ts';

/** Makes the data folder if it is not there. @throws StoreError `readOnly`, `diskFull`, `diskFailed` */
export function makeDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw storeFailure(error, folder);
  }
}
