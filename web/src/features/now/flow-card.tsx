import type { UseQueryResult } from '@tanstack/react-query';
import type { LatestAnswer } from '@wattkeeper/contract/telemetry.ts';
import { PlugZap } from 'lucide-react';
import { useFormat, useText } from '../../app-context.tsx';
import type { SilentDevice, SitePower } from '../../data/site-power.ts';
import { Button } from '../../ui/controls/button.tsx';
import { EmptyNote, ErrorNote, WarningLine } from '../../ui/feedback/notice.tsx';
import { Skeleton } from '../../ui/feedback/skeleton.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { FlowPicture } from './flow-picture.tsx';
import { MachineFlow } from './machine-flow.tsx';

interface FlowCardProps {
  readonly power: SitePower | undefined;
  readonly latest: UseQueryResult<LatestAnswer, Error>;
  readonly onConnect: () => void;
}

/** The energy-flow picture of a home, the single-line diagram of a factory, or both. */
export function FlowCard(props: FlowCardProps) {
  const text = useText();
  return (
    <Panel title={text('now.flow')} titleHidden>
      <FlowContent {...props} />
    </Panel>
  );
}

function FlowContent({ power, latest, onConnect }: FlowCardProps) {
  const text = useText();
  if (!power) {
    return latest.isError ? (
      <ErrorNote error={latest.error} onRetry={() => void latest.refetch()} />
    ) : (
      <Skeleton height="26rem" />
    );
  }
  if (power.at === null) {
    return (
      <EmptyNote title={text('now.nothing_yet')} icon={PlugZap}>
        <p>{text('now.nothing_yet_hint')}</p>
        <Button kind="primary" onClick={onConnect}>
          {text('demo.connect')}
        </Button>
      </EmptyNote>
    );
  }
  const factory = power.machines.length > 0;
  const home = !factory || power.solar !== null || power.battery !== null;
  return (
    <>
      <SilentDevices devices={power.silent} />
      {home ? <FlowPicture power={power} /> : null}
      {factory ? <MachineFlow power={power} /> : null}
    </>
  );
}

/** More silent devices are summarised in one line: a failed gateway silences every device connected through it. */
const MAX_SILENT_LINES = 3;

function SilentDevices({ devices }: { readonly devices: readonly SilentDevice[] }) {
  const text = useText();
  const format = useFormat();
  if (devices.length === 0) return null;
  const line = (name: string, at: number) => text('now.silent', { name, time: format.dateTime(at) });
  if (devices.length > MAX_SILENT_LINES) {
    const names = devices.map(({ name }) => name).join(', ');
    return <WarningLine>{line(names, Math.min(...devices.map(({ at }) => at)))}</WarningLine>;
  }
  return devices.map(({ deviceId, name, at }) => <WarningLine key={deviceId}>{line(name, at)}</WarningLine>);
}
