import { type Violation, violation } from './violation.ts';

/** A word or phrase that is rejected in names, comments, messages and documents, and what an engineer writes for it. */
interface Rejected {
  readonly words: RegExp;
  readonly instead: string;
}

/** Matches a word in prose, as a part of a camelCase name, and as a part of an UPPER_CASE name. */
function word(text: string): RegExp {
  const capital = text[0]!.toUpperCase() + text.slice(1);
  return new RegExp(
    `(?<![A-Za-z])${text}(?![a-z])|(?<=[a-z])${capital}(?![a-z])|(?<![A-Z])${text.toUpperCase()}(?![A-Z])`,
  );
}

function phrase(text: string): RegExp {
  return new RegExp(`\\b${text}\\b`, 'i');
}

const REJECTED: readonly Rejected[] = [
  { words: word('told'), instead: 'listed, reported, shown or counted' },
  { words: word('telling'), instead: 'listing, reporting or counting' },
  { words: word('foretold'), instead: 'forecast' },
  { words: word('anew'), instead: 'again' },
  { words: phrase('once more'), instead: 'again' },
  { words: phrase('(is|are|was|were|can|does|do) no more(?! than)'), instead: 'no longer' },
  { words: phrase('so long(?! as)'), instead: 'for this long' },
  { words: phrase('what came of'), instead: 'the outcome of' },
  { words: phrase('what there is'), instead: 'the available data' },
  { words: phrase('what was looked for'), instead: 'the query' },
  { words: word('insistent'), instead: 'retrying' },
  { words: /(?<![A-Za-z])heal(s|ed|ing)?(?![A-Za-z])/i, instead: 'recover' },
  { words: phrase('keeps? up'), instead: 'update' },
  { words: phrase('(digits?|places?|resumes?|continues?) behind'), instead: 'after' },
];

/** These files list the words. */
const QUOTES_THEM = /^(docs\/glossary\.md|server\/test\/tidy\/.*)$/;

/** Names, comments, messages and documents use words in the sense that engineers give them. */
export function plainEnglish(texts: readonly (readonly [path: string, text: string])[]): Violation[] {
  const read = texts.filter(([path]) => !QUOTES_THEM.test(path));
  return read.flatMap(([path, text]) =>
    text.split('\n').flatMap((line, i) =>
      REJECTED.flatMap(({ words, instead }) => {
        const found = words.exec(line);
        return found === null
          ? []
          : [violation(path, i + 1, 'plain English', `"${found[0]}": write ${instead} (docs/glossary.md)`)];
      }),
    ),
  );
}
