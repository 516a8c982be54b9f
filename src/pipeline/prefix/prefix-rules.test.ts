import { describe, expect, test } from 'vitest';
import { textRules } from './prefix-rules.ts';
import { arrangement, ToolOrders } from './tool-orders.ts';

function rule(name: string, at: string) {
  const steady = textRules.find((one) => one.name === name && one.at === at)?.steady;
  return (text: string) => {
    const done = steady?.(text);
    return done === null ? null : [done?.text, ...(done?.moved ?? [])];
  };
}

describe('billing-header', () => {
  const steady = rule('billing-header', 'front');

  test.each([
    ['x-anthropic-billing-header: cc_version=2.1.100.7b4; cc_entrypoint=cli; cch=eb6c6;', ''],
    ['x-anthropic-billing-header: cc_version=2.1.100.7b4; cc_entrypoint=cli; cch=eb6c6;\nYou are a coding agent.\n', 'You are a coding agent.\n'],
    ['x-anthropic-billing-header: cc_version=2.2; cc_entrypoint=sdk-cli; cch=0aaa9; cc_workload=cron;\n\nBe brief.', 'Be brief.'],
  ])('goes: %j', (text, left) => expect(steady(text)).toEqual([left]));

  test.each([
    'The line x-anthropic-billing-header: cch=eb6c6; comes first in the prompt.',
    'x-anthropic-billing-header: what is it for?',
    'x-anthropic-billing-header',
    'Rules:\nx-anthropic-billing-header: cch=eb6c6;',
    '',
  ])('stays: %j', (text) => expect(steady(text)).toBeNull());
});

describe('token-budget in system texts', () => {
  const steady = rule('token-budget', 'system');

  test.each([
    ['<total_tokens>14931235 tokens left</total_tokens>', ''],
    ['Be brief.\n<total_tokens>15000000 tokens left</total_tokens>\nUse tools.', 'Be brief.\nUse tools.'],
    ['Be brief.\n<system_warning>Token usage: 80474/200000; 119526 remaining</system_warning>', 'Be brief.\n'],
    ['<system-reminder>\nToken usage: 80,474/200,000; 119,526 remaining\n</system-reminder>\nGo on.', 'Go on.'],
    ['<system-reminder>\n<total_tokens>5 tokens left</total_tokens>\n</system-reminder>', ''],
  ])('goes: %j', (text, left) => expect(steady(text)).toEqual([left]));

  test.each([
    'When <total_tokens>100 tokens left</total_tokens> is shown, stop.',
    'The tag is `<total_tokens>N tokens left</total_tokens>`.',
    '<total_tokens>N tokens left</total_tokens>',
    'Token usage: 80474/200000; 119526 remaining',
    '<system-reminder>\nFiles changed.\nToken usage: 1/2; 1 remaining\n</system-reminder>',
    '<budget:token_budget>200000</budget:token_budget>',
  ])('stays: %j', (text) => expect(steady(text)).toBeNull());

  test('a reminder that says more keeps its own words and its tags', () => {
    const text = '<system-reminder>\nFiles changed.\n<total_tokens>5 tokens left</total_tokens>\n</system-reminder>';
    expect(steady(text)).toEqual(['<system-reminder>\nFiles changed.\n</system-reminder>']);
  });
});

describe('token-budget behind what a user wrote', () => {
  const steady = rule('token-budget', 'user');

  test.each([
    ['Fix the bug.\n\n<total_tokens>14931235 tokens left</total_tokens>', 'Fix the bug.'],
    ['Fix the bug.\n<system-reminder>\nToken usage: 1/2; 1 remaining\n</system-reminder>\n', 'Fix the bug.'],
    ['<total_tokens>14931235 tokens left</total_tokens>', ''],
    [`${'long '.repeat(100)}\n<total_tokens>1 tokens left</total_tokens>`, 'long '.repeat(100).trimEnd()],
  ])('goes: %j', (text, left) => expect(steady(text)).toEqual([left]));

  test.each([
    'Why is <total_tokens>15 tokens left</total_tokens> in my prompt?',
    'Why do I see <total_tokens>15 tokens left</total_tokens>',
    'The log says:\n<total_tokens>15 tokens left</total_tokens>\nWhat does it mean?',
    '```\n<total_tokens>15 tokens left</total_tokens>\n```',
    '<system-reminder>\nThe file was changed.\n</system-reminder>',
    '<b>bold</b>',
    'Hello',
    '',
  ])('stays: %j', (text) => expect(steady(text)).toBeNull());
});

describe('clock-time', () => {
  const steady = rule('clock-time', 'front');

  test.each([
    ['Current date and time: Monday, March 9, 2026 at 06:00:31 PM PDT\nBe brief.', 'Current date and time: Monday, March 9, 2026 PDT\nBe brief.', 'Current date and time: Monday, March 9, 2026 at 06:00:31 PM PDT'],
    ['Current date and time: 2026-03-09 06:00:31 PM', 'Current date and time: 2026-03-09', 'Current date and time: 2026-03-09 06:00:31 PM'],
    ['The current date is 2026-03-09 18:00:31.', 'The current date is 2026-03-09.', 'Current date and time: 2026-03-09 18:00:31'],
    ['The current date and time in ISO format is `2026-03-09T18:00:31+08:00`.', 'The current date and time in ISO format is `2026-03-09`.', 'Current date and time: 2026-03-09T18:00:31+08:00'],
    ['<current_datetime>2026-03-09T18:00:31.123Z</current_datetime>', '<current_datetime>2026-03-09</current_datetime>', 'Current date and time: 2026-03-09T18:00:31.123Z'],
    ['# Current Time\n3/9/2026, 6:00:31 PM (America/New_York, UTC-4:00)\n\n# Mode', '# Current Time\n3/9/2026 (America/New_York, UTC-4:00)\n\n# Mode', 'Current date and time: 3/9/2026, 6:00:31 PM (America/New_York, UTC-4:00)'],
    ['# Current Time\n30.1.2025, 1:21:43 PM (Europe/Berlin, UTC+1:00)', '# Current Time\n30.1.2025 (Europe/Berlin, UTC+1:00)', 'Current date and time: 30.1.2025, 1:21:43 PM (Europe/Berlin, UTC+1:00)'],
    ['Today is Mon Mar 09 2026 18:00:31 GMT+0100 (CET).', 'Today is Mon Mar 09 2026 GMT+0100 (CET).', 'Current date and time: Mon Mar 09 2026 18:00:31 GMT+0100'],
    ['Local time: Mon Mar  9 18:00:31 UTC 2026', 'Local time: Mon Mar  9 UTC 2026', 'Current date and time: Mon Mar  9 18:00:31 UTC'],
    ['It is currently 6:05 PM on March 9, 2026.', 'It is currently March 9, 2026.', 'Current date and time: 6:05 PM on March 9, 2026'],
    ['**Current time:** 2026-03-09 18:00', '**Current time:** 2026-03-09', 'Current date and time: 2026-03-09 18:00'],
    ["Current time is 15:09:20. Today's date is 2026-09-09.\nYou are a voice assistant.", "Today's date is 2026-09-09.\nYou are a voice assistant.", 'Current time: 15:09:20'],
    ['Be brief.\nCurrent time: 3:09 pm CET\nUse tools.', 'Be brief.\nUse tools.', 'Current time: 3:09 pm CET'],
  ])('the date stays and the rest moves: %j', (text, left, moved) => expect(steady(text)).toEqual([left, moved]));

  test('each of several is moved, and what was said between them stays', () => {
    expect(steady('Current time: 10:00:01\nBe brief.\nCurrent date: 2026-03-09 10:00:01\n')).toEqual(['Be brief.\nCurrent date: 2026-03-09\n', 'Current time: 10:00:01', 'Current date and time: 2026-03-09 10:00:01']);
  });

  test.each([
    "Today's date: 2026-03-09",
    "Today's date is 2026-09-09. At 10:30 we meet.",
    'Stand-up is at 10:30 every day.',
    'Write times as 24-hour clock, such as 18:00:31.',
    'If the current time is 22:00 or later, be quiet.',
    'Convert the current time of 2026-03-09 to UTC-4:00.',
    'The current date format is YYYY-MM-DD HH:mm, as in 2024-01-01 10:00.',
    'See src/clock.ts:12:30 for the current time.',
    'Answer "The current time is 10:30" when you are asked.',
    'Use a 16:9 picture. The current time limit: 10 s.',
    'The train of the current timetable leaves at 10:30.',
    'Current time: unknown',
    '',
  ])('stays: %j', (text) => expect(steady(text)).toBeNull());
});

describe('tool-order', () => {
  test('the order that came first holds for the same tools, and other tools have their own', () => {
    const orders = new ToolOrders();
    expect(orders.orderFor(['read', 'bash', 'edit'])).toBeNull();
    expect(orders.orderFor(['read', 'bash', 'edit'])).toBeNull();
    expect(orders.orderFor(['edit', 'read', 'bash'])).toEqual(['read', 'bash', 'edit']);
    expect(orders.orderFor(['edit', 'read', 'bash', 'grep'])).toBeNull();
    expect(orders.orderFor(['bash'])).toBeNull();
  });

  test('of very many sets the oldest is forgotten', () => {
    const orders = new ToolOrders();
    orders.orderFor(['b', 'a']);
    for (let index = 0; index < 1000; index += 1) orders.orderFor([`x${index}`, `y${index}`]);
    expect(orders.orderFor(['a', 'b'])).toBeNull();
  });

  test('tools without a name stay where they are, and tools of one name in their sequence', () => {
    expect(arrangement(['edit', undefined, 'read', 'other', 'bash'], ['read', 'bash', 'edit'])).toEqual([2, 1, 4, 3, 0]);
    expect(arrangement(['b', 'a', 'a'], ['a', 'a', 'b'])).toEqual([1, 2, 0]);
    expect(arrangement(['a', 'b'], ['a', 'b'])).toBeNull();
  });
});
