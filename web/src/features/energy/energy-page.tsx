export function EnergyPage() {
  return null;
}
