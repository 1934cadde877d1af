import type { Feature } from '@wattkeeper/contract/service.ts';
import { NotFound } from '../../domain/errors.ts';
import type { FeatureFlagStates } from '../../storage/records/feature-flag-states.ts';

/** A feature that can be switched on and off at run time. */
interface FlagDefinition {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly dependsOn: readonly FlagName[];
  /** The state until a user switches it. */
  readonly default: boolean;
}

export type FlagName = 'persistence' | 'analytics_dashboard' | 'forecasting' | 'demo';

const FLAGS: readonly (FlagDefinition & { readonly name: FlagName })[] = [
  {
    name: 'persistence',
    label: 'Keep history',
    description:
      'Writes readings to disk. Off: they stay in memory until it is on again; what is on disk stays there and can be read.',
    dependsOn: [],
    default: true,
  },
  {
    name: 'analytics_dashboard',
    label: 'Analytics',
    description: 'Energy, reports, key figures and baselines.',
    dependsOn: [],
    default: true,
  },
  {
    name: 'forecasting',
    label: 'Forecasts',
    description: 'Predicts demand and solar production.',
    dependsOn: ['analytics_dashboard'],
    default: true,
  },
  {
    name: 'demo',
    label: 'Demo',
    description: 'A simulated site that shows what the program does.',
    dependsOn: [],
    default: true,
  },
];

/** Applies the activation or deactivation of a flag, whether it was switched itself or a flag on which it depends; rejects if that is impossible. */
export type FlagSwitch = (active: boolean) => Promise<void>;

/** Feature flags. The requested states are stored in the records; the active flags are derived from them. */
export class FeatureFlags {
  readonly #states: FeatureFlagStates;
  readonly #enabled: Map<FlagName, boolean>;
  readonly #switches = new Map<FlagName, FlagSwitch>();

  private constructor(states: FeatureFlagStates, enabled: Map<FlagName, boolean>) {
    this.#states = states;
    this.#enabled = enabled;
  }

  /**
   * Loads the stored states.
   *
   * @param initial initial states that replace the defaults of flags that were never switched
   */
  static async load(
    states: FeatureFlagStates,
    initial: Partial<Record<FlagName, boolean>> = {},
  ): Promise<FeatureFlags> {
    const kept = new Map((await states.list()).map((record) => [record.name, record.enabled]));
    const enabled = FLAGS.map(
      (flag) => [flag.name, kept.get(flag.name) ?? initial[flag.name] ?? flag.default] as const,
    );
    return new FeatureFlags(states, new Map(enabled));
  }

  list(): Feature[] {
    return FLAGS.map((flag) => this.#describe(flag));
  }

  /** @throws NotFound with the existing names */
  get(name: string): Feature {
    return this.#describe(definitionOf(name));
  }

  /** Whether the flag and every flag on which it depends are on. */
  isActive(name: FlagName): boolean {
    return this.#obstacle(definitionOf(name)) === null;
  }

  /** @throws NotFound (`feature_disabled`) with the flag's name unless it is active */
  requireActive(name: FlagName): void {
    const obstacle = this.#obstacle(definitionOf(name));
    if (obstacle === null) return;
    throw new NotFound(`the feature "${name}" is switched off: ${obstacle}`, { code: 'feature_disabled' });
  }

  /**
   * Switches a flag and applies the change. After an error the states are as before.
   * @throws NotFound with the existing names, or the error of a listener
   */
  async set(name: string, enabled: boolean): Promise<Feature> {
    const flag = definitionOf(name);
    const [asked, before] = [this.#enabled.get(flag.name) as boolean, this.#activeNames()];
    await this.#ask(flag.name, enabled);
    const after = this.#activeNames();
    try {
      for (const { name: changed } of FLAGS) {
        if (before.has(changed) !== after.has(changed)) await this.#switches.get(changed)?.(after.has(changed));
      }
    } catch (error) {
      await this.#ask(flag.name, asked);
      throw error;
    }
    return this.#describe(flag);
  }

  /** Registers a listener for the activation and deactivation of a flag. */
  onSwitch(name: FlagName, work: FlagSwitch): void {
    this.#switches.set(name, work);
  }

  async #ask(name: FlagName, enabled: boolean): Promise<void> {
    await this.#states.set(name, enabled);
    this.#enabled.set(name, enabled);
  }

  #activeNames(): Set<FlagName> {
    return new Set(FLAGS.filter((flag) => this.#obstacle(flag) === null).map((flag) => flag.name));
  }

  /** The reason why a flag is not active, or null. */
  #obstacle(flag: FlagDefinition): string | null {
    if (!this.#enabled.get(flag.name as FlagName)) return `switch "${flag.name}" on to use it`;
    for (const needed of flag.dependsOn) {
      if (this.#obstacle(definitionOf(needed)) !== null) return `it needs "${needed}", which is off`;
    }
    return null;
  }

  #describe(flag: FlagDefinition & { readonly name: FlagName }): Feature {
    const enabled = this.#enabled.get(flag.name) ?? flag.default;
    const obstacle = this.#obstacle(flag);
    return {
      name: flag.name,
      label: flag.label,
      description: flag.description,
      enabled,
      active: obstacle === null,
      depends_on: [...flag.dependsOn],
      reason: enabled ? obstacle : null,
    };
  }
}

function definitionOf(name: string) {
  const flag = FLAGS.find((known) => known.name === name);
  if (flag !== undefined) return flag;
  const names = FLAGS.map((known) => known.name).join(', ');
  throw new NotFound(`there is no feature ${JSON.stringify(name.slice(0, 80))}; there are ${names}`);
}
