/** Longest timer that is one timer, and the pieces a longer one is made of; both in milliseconds, as on Azure Storage. */
export const longestTimerMs = 6 * 86_400_000;
export const timerPieceMs = 3 * 86_400_000;

/** When the next piece of a timer fires that is to fire at `final`; epoch ms. */
export function nextPiece(final: number, now: number): number {
  return final - now > longestTimerMs ? now + timerPieceMs : final;
}
