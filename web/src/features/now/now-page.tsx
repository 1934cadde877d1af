import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { LayoutGrid, Maximize, Minimize } from 'lucide-react';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { useQueries, useText } from '../../app-context.tsx';
import { loadPart } from '../../load-part.ts';
import { useSite } from '../../site-context.tsx';
import { IconButton } from '../../ui/controls/button.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Skeleton } from '../../ui/feedback/skeleton.tsx';
import { PageBody, PageHead } from '../../ui/layout/page.tsx';
import { ArrangeDialog } from './arrange-dialog.tsx';
import { ConnectDialog } from './connect-dialog.tsx';
import { ConnectionState } from './connection-state.tsx';
import { FlowCard } from './flow-card.tsx';
import { type Card, WIDE_CARDS } from './layout.ts';
import styles from './now.module.css';
import { SiteNotices } from './site-notices.tsx';
import { CarbonCard, EnergyCard, IndependenceCard, MoneyCard } from './today-cards.tsx';
import { useLayout } from './use-layout.ts';
import { useLivePower } from './use-live-power.ts';
import { useNightDim } from './use-night-dim.ts';

/** Charts load after the first paint, so that the flow picture does not wait for them. */
const PowerCurve = lazy(async () => ({ default: (await loadPart(() => import('./power-curve.tsx'))).PowerCurve }));

/** Current power, and the energy and cost of today. */
export function NowPage() {
  const text = useText();
  const site = useSite();
  const { wall } = useSearch({ from: '/signed-in/now' });
  const { power, latest } = useLivePower(site.id);
  const [open, setOpen] = useState<'arrange' | 'connect' | null>(null);
  const dimmed = useNightDim(wall === '1');
  const close = () => setOpen(null);
  return (
    <div className={wall ? styles.wall : undefined} data-dimmed={dimmed || undefined}>
      <PageBody>
        <PageHead title={wall ? site.name : text('nav.now')} note={<ConnectionState at={power?.at ?? null} />}>
          {wall ? null : (
            <IconButton icon={LayoutGrid} label={text('arrange.title')} onClick={() => setOpen('arrange')} />
          )}
          <WallButton wall={wall === '1'} />
        </PageHead>
        {wall ? null : <SiteNotices onConnect={() => setOpen('connect')} />}
        <Cards flow={<FlowCard power={power} latest={latest} onConnect={() => setOpen('connect')} />} />
      </PageBody>
      <ArrangeDialog open={open === 'arrange'} onClose={close} />
      <ConnectDialog open={open === 'connect'} onClose={close} />
    </div>
  );
}

function Cards({ flow }: { readonly flow: ReactNode }) {
  const site = useSite();
  const summary = useQuery(useQueries().summary(site.id));
  const { layout } = useLayout();
  const parts: Record<Card, ReactNode> = {
    flow,
    energy: <QueryView query={summary}>{(data) => <EnergyCard summary={data} />}</QueryView>,
    money: <QueryView query={summary}>{(data) => <MoneyCard summary={data} />}</QueryView>,
    independence: <QueryView query={summary}>{(data) => <IndependenceCard summary={data} />}</QueryView>,
    carbon: <QueryView query={summary}>{(data) => <CarbonCard summary={data} />}</QueryView>,
    curve: (
      <Suspense fallback={<Skeleton height="22rem" />}>
        <PowerCurve />
      </Suspense>
    ),
  };
  const shown = layout.order.filter((card) => !layout.hidden.includes(card));
  const column = (cards: readonly Card[]) =>
    cards.map((card) => (
      <div key={card} className={styles.card} data-card={card} style={{ order: shown.indexOf(card) }}>
        {parts[card]}
      </div>
    ));
  return (
    <div className={styles.cards}>
      <div className={styles.wideColumn}>{column(shown.filter((card) => WIDE_CARDS.includes(card)))}</div>
      <div className={styles.sideColumn}>{column(shown.filter((card) => !WIDE_CARDS.includes(card)))}</div>
    </div>
  );
}

/** Shows this page in full screen, for a wall display. */
function WallButton({ wall }: { readonly wall: boolean }) {
  const text = useText();
  const navigate = useNavigate();
  const toggle = async () => {
    await navigate({ to: '/now', search: wall ? {} : { wall: '1' } });
    if (wall && document.fullscreenElement) await document.exitFullscreen();
    // A browser may refuse full screen; the page then fills its window.
    else if (!wall) await document.documentElement.requestFullscreen?.().catch(() => undefined);
  };
  return (
    <IconButton
      icon={wall ? Minimize : Maximize}
      label={text(wall ? 'now.leave_wall' : 'now.wall')}
      onClick={() => void toggle()}
    />
  );
}
