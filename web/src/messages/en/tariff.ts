export const tariff = {} as const;
