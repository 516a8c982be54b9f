/** What the models of a benchmark are asked. Pure. */

const questions = [
  'Explain in one sentence why the sky looks blue at noon.',
  'Name three things to check before a long bicycle ride.',
  'Describe how bread rises, for somebody who has never baked.',
  'What is the difference between a queue and a stack?',
  'Write one sentence about a lighthouse in winter.',
  'How does a lock on a canal lift a boat?',
  'Give a short reason to write tests before code.',
  'Which instruments does a string quartet have?',
  'Why do leaves change their colour in autumn?',
  'Tell in two sentences how a bill becomes a law.',
] as const;

const charsPerToken = 4;
const filler = 'The harbour was quiet that morning, and the boats lay in two rows along the wall. ';

/** About so many tokens. No two are alike at the front, so that none is answered from what a server still has of another. */
export function promptOf(number: number, tokens: number): string {
  const question = `${number}. ${questions[number % questions.length] ?? ''}`;
  const missing = tokens * charsPerToken - question.length;
  if (missing <= 0) return question;
  return `${number}. Read this first. ${filler.repeat(Math.ceil(missing / filler.length)).slice(0, missing).trim()} ${question}`;
}
