import type { Window } from '../../domain/time/window.ts';

/** The UTC month of an instant. */
export function monthOf(instant: number): Window {
  const date = new Date(instant);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { start: Date.UTC(year, month), end: Date.UTC(year, month + 1) };
}

/** `2025-03`. */
export function monthName(instant: number): string {
  return new Date(instant).toISOString().slice(0, 7);
}
