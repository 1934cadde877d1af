import { hash, Random } from '../random.ts';
import type { CalendarDay } from '../site-clock.ts';

/** When the occupants of a house get up, leave, return and go to bed: minutes on the wall clock. */
export interface DayRoutine {
  readonly wake: number;
  readonly leave: number;
  readonly back: number;
  readonly bed: number;
  readonly isWeekend: boolean;
  /** Nobody leaves for work: remote work or weekend. */
  readonly isHome: boolean;
}

/** The routine of a day, which depends on seed and date alone: appliances and car share it. */
export function routineOf(seed: number, day: CalendarDay): DayRoutine {
  const random = new Random(hash(seed, 'routine', day.number));
  const isWeekend = day.weekday >= 6;
  const isHome = isWeekend || random.chance(day.weekday === 3 || day.weekday === 5 ? 0.55 : 0.25);
  const wake = isWeekend ? random.normal(500, 35) : random.normal(395, 12);
  const leave = isWeekend ? random.between(600, 840) : random.normal(475, 12);
  const back = isWeekend ? leave + random.between(90, 270) : random.normal(1045, 25);
  return { wake, leave, back, bed: random.normal(isWeekend ? 1405 : 1370, 22), isWeekend, isHome };
}

/** Whether somebody is at home and awake. */
export function isActive(routine: DayRoutine, minute: number): boolean {
  if (minute < routine.wake || minute > routine.bed) return false;
  return (routine.isHome && !routine.isWeekend) || minute < routine.leave || minute > routine.back;
}
