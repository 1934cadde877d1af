import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { signIn as signInByName, signInWithLink } from '@wattkeeper/contract/endpoints/access.ts';
import { Zap } from 'lucide-react';
import { type FormEvent, useEffect, useRef } from 'react';
import { useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { CopyBlock } from '../../ui/controls/copy.tsx';
import { TextField } from '../../ui/controls/field.tsx';
import { messageOf } from '../../ui/feedback/notice.tsx';
import { Skeleton } from '../../ui/feedback/skeleton.tsx';
import styles from './sign-in.module.css';

const LINK_COMMAND = 'npm start -- sign-in-link';

type Credentials = { code: string } | { username: string; password: string };

/** Sign-in by name and password; a one-time link signs in automatically. */
export function SignInPage() {
  const text = useText();
  const { code } = useSearch({ from: '/sign-in' });
  const signIn = useSignIn();
  const used = useRef(false);
  const { mutate } = signIn;
  useEffect(() => {
    if (!code || used.current) return;
    // A code is valid for one request: a second render must not use it again.
    used.current = true;
    mutate({ code });
  }, [code, mutate]);
  const byLink = code !== undefined && (signIn.isPending || signIn.isIdle || signIn.isSuccess);
  const linkFailed = signIn.isError && 'code' in signIn.variables;
  return (
    <main className={styles.page}>
      <title>{`${text('sign_in.title')} · Wattkeeper`}</title>
      <div className={styles.card}>
        <p className={styles.brand}>
          <Zap size={22} aria-hidden="true" fill="currentColor" />
          Wattkeeper
        </p>
        <h1>{text('sign_in.title')}</h1>
        {byLink && !linkFailed ? (
          <>
            <p className={styles.quiet}>{text('sign_in.with_link')}</p>
            <Skeleton height="3rem" />
          </>
        ) : (
          <PasswordForm signIn={signIn} />
        )}
        {linkFailed ? (
          <p role="alert" className={styles.error}>
            {messageOf(signIn.error)}
          </p>
        ) : null}
        {byLink ? null : <LinkHelp />}
      </div>
    </main>
  );
}

function useSignIn() {
  const { api, queries } = useServices();
  const queryClient = useQueryClient();
  const router = useRouter();
  const { next } = useSearch({ from: '/sign-in' });
  return useMutation({
    mutationFn: (credentials: Credentials) =>
      'code' in credentials
        ? api.call(signInWithLink, { body: credentials })
        : api.call(signInByName, { body: credentials }),
    onSuccess: async () => {
      queryClient.clear();
      await queryClient.fetchQuery(queries.me());
      if (next) router.history.replace(`${router.basepath}${next}`);
      else await router.navigate({ to: '/now', replace: true });
    },
  });
}

function PasswordForm({ signIn }: { readonly signIn: ReturnType<typeof useSignIn> }) {
  const text = useText();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    signIn.mutate({ username: String(form.get('username')), password: String(form.get('password')) });
  };
  const failed = signIn.isError && 'password' in signIn.variables;
  return (
    <form className={styles.form} onSubmit={submit}>
      <TextField label={text('sign_in.username')} name="username" autoComplete="username" required />
      <TextField
        label={text('sign_in.password')}
        name="password"
        type="password"
        autoComplete="current-password"
        required
        error={failed ? messageOf(signIn.error) : undefined}
      />
      <Button kind="primary" type="submit" disabled={signIn.isPending}>
        {text('sign_in.submit')}
      </Button>
    </form>
  );
}

function LinkHelp() {
  const text = useText();
  return (
    <div className={styles.help}>
      <h2>{text('sign_in.link_title')}</h2>
      <p className={styles.quiet}>{text('sign_in.link_hint')}</p>
      <CopyBlock value={LINK_COMMAND} label={text('sign_in.link_title')} />
      <p className={styles.quiet}>{text('sign_in.link_restart')}</p>
    </div>
  );
}
