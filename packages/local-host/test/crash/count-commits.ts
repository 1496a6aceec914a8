// Loaded into a host before anything else (`--import`): tells the parent process of each commit what kind it is.
import { commitKind } from '../../src/store/commit-kind.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';

const { commit } = SqliteStore.prototype;
SqliteStore.prototype.commit = function (changes) {
  process.send?.({ type: 'commit', kind: commitKind(changes) });
  return commit.call(this, changes);
};
