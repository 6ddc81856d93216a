/** What the words of Azure's refusals name. */

/** The tenant that the subscription belongs to, as an InvalidAuthenticationTokenTenant names it. */
export function wantedTenant(said: string): string | undefined {
  const [, tenant] =
    /must match (?:one of )?the tenants? '[^']*?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/i.exec(said) ??
    [];
  return tenant?.toLowerCase();
}
