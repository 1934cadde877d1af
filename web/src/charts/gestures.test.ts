import { describe, expect, it } from 'vitest';
import { wheelAction } from './gestures.ts';

const wheel = { ctrlKey: false, metaKey: false, shiftKey: false, deltaX: 0, deltaY: 100 };

describe('the wheel over a chart', () => {
  it('scrolls the page, zooms with Ctrl or ⌘, pans with shift or across', () => {
    expect(wheelAction(wheel)).toBe('scroll');
    expect(wheelAction({ ...wheel, deltaX: 40 })).toBe('scroll');
    expect(wheelAction({ ...wheel, ctrlKey: true })).toBe('zoom');
    expect(wheelAction({ ...wheel, metaKey: true })).toBe('zoom');
    expect(wheelAction({ ...wheel, shiftKey: true })).toBe('pan');
    expect(wheelAction({ ...wheel, deltaX: -140 })).toBe('pan');
  });
});
