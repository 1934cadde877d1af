import { expect, it } from 'vitest';
import { InvalidInput, Unavailable } from '../../domain/errors.ts';
import { AnswerRoom, MAX_HELD_VALUES } from './answer-room.ts';

it('limits the values in all answers together, and releases them', () => {
  const room = new AnswerRoom();
  const [first, second] = [room.open(), room.open()];
  first.add(MAX_HELD_VALUES / 2);
  expect(() => first.add(MAX_HELD_VALUES)).toThrow(InvalidInput);
  second.add(MAX_HELD_VALUES / 2);
  expect(() => second.add(1_000_000)).toThrow(Unavailable);
  first.release();
  first.release();
  second.add(1_000_000);
  second.release();
  expect(room.heldValues).toBe(0);
});

it('always allows small answers', () => {
  const room = new AnswerRoom();
  room.open().add(MAX_HELD_VALUES);
  for (let i = 0; i < 1000; i++) room.open().add(10_000);
  expect(room.heldValues).toBeLessThanOrEqual(MAX_HELD_VALUES);
});
