const { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } = require('node:fs');

const file = process.env.EFFECTS_FILE;

/** A side effect that outlives any crash: one line, on disk before this returns. */
exports.leaveMark = (key, instance) => {
  const handle = openSync(file, 'a');
  writeSync(handle, `${JSON.stringify({ key, instance, pid: process.pid, at: Date.now() })}\n`);
  fsyncSync(handle);
  closeSync(handle);
};

exports.marksOf = (key) =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '' && JSON.parse(line).key === key).length
    : 0;
