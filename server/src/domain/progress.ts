/** Reports the progress of long work: its share, 0 to 1 (null: unknown), and the current step. Cheap: call it as often as useful. */
export type OnProgress = (share: number | null, message?: string) => void;

/** Progress of one part of the work, from one share of the whole to another. */
export function progressPart(progress: OnProgress, from: number, to: number): OnProgress {
  return (share, message) => progress(share === null ? null : (1 - share) * from + share * to, message);
}
