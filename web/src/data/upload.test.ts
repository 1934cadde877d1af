import { ApiClient } from '@wattkeeper/contract/client.ts';
import { expect, it } from 'vitest';
import { uploadFile } from './upload.ts';

/** A server that stores the bytes of one upload and loses a part or its acknowledgement, as `lose` specifies. */
function server(partBytes: number, lose: (attempt: number) => 'part' | 'answer' | null) {
  let [bytes, attempt] = [0, 0];
  const parts: number[] = [];
  const answer = () => {
    const received = parts.length;
    return Response.json({
      id: 'u',
      name: 'f',
      bytes,
      received,
      complete: received === bytes,
      max_part_bytes: partBytes,
    });
  };
  const fetcher = async (input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> => {
    const url = new URL(String(input));
    if (url.pathname.endsWith('/uploads')) ({ bytes } = JSON.parse(String(init?.body)) as { bytes: number });
    if (!url.pathname.endsWith('/parts')) return answer();
    const lost = lose(attempt++);
    if (lost === 'part') throw new TypeError('network');
    if (Number(url.searchParams.get('offset')) !== parts.length) {
      return Response.json({ status: 409, code: 'conflict', detail: 'offset' }, { status: 409 });
    }
    parts.push(...new Uint8Array(await (init!.body as Blob).arrayBuffer()));
    if (lost === 'answer') throw new TypeError('network');
    return answer();
  };
  return { api: new ApiClient('https://host', { fetch: fetcher }), parts };
}

const content = Uint8Array.from({ length: 23 }, (_, i) => i);
const options = { signal: new AbortController().signal, pauseMs: 0 };

it('sends a file in parts, in order, and reports its progress', async () => {
  const { api, parts } = server(10, () => null);
  const shares: number[] = [];
  const upload = await uploadFile(api, new File([content], 'f'), {
    ...options,
    onProgress: (share) => shares.push(share),
  });
  expect([parts, upload.complete]).toEqual([[...content], true]);
  expect(shares).toEqual([10 / 23, 20 / 23, 1]);
});

it("continues from the server's offset when a part or its acknowledgement is lost", async () => {
  const lost = [null, 'answer', 'part', null, 'answer'] as const;
  const { api, parts } = server(5, (attempt) => lost[attempt] ?? null);
  await uploadFile(api, new File([content], 'f'), { ...options, onProgress: () => {} });
  expect(parts).toEqual([...content]);
});

it('ends when the server stays unreachable, and when the user cancels', async () => {
  const { api } = server(5, () => 'part');
  const file = new File([content], 'f');
  await expect(uploadFile(api, file, { ...options, onProgress: () => {} })).rejects.toThrow('does not answer');
  const signal = AbortSignal.abort(new Error('cancelled'));
  await expect(uploadFile(api, file, { ...options, signal, onProgress: () => {} })).rejects.toThrow('cancelled');
});
