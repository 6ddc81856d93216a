/**
 * Entra's refusals by cause, as the numbers after AADSTS: for a run that is refused, and for whoever asks what a message means.
 */
import type { CauseId } from './causes.js';

/**
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes, those that a login of this product can get: an
 * application's, or a user's that the Azure CLI holds. Not on that page: `recording: errors.quoted-in-public-docs.json`
 * (700213, 70021, 700016); 7002138 is quoted in Azure/login issue 515, 700211 in Azure/azure-workload-identity issue 1200,
 * 700024 in Azure/login issue 372; 7000214 and 1000502 are tested for in AzureAD/microsoft-identity-web,
 * CertificateReloadLogicTests.cs; 7000112 and 7000215 are at
 * https://learn.microsoft.com/troubleshoot/entra/entra-id/app-integration/welcome-app-integration; 7000229 stands in logs that
 * public repositories quote.
 */
export const ENTRA_CODES = {
  'federated-credential-mismatch': [70021, 70025, 700211, 700212, 700213, 7002137, 7002138],
  'application-not-found': [700016, 700011, 7000229],
  'tenant-not-found': [90002, 90019, 900023, 50059, 50128],
  'cloud-mismatch': [90038, 90051, 900432, 1000104],
  'client-secret-refused': [7000215, 7000222, 70002],
  'client-certificate-refused': [700027, 700030, 7000214, 1000502, 50012],
  'assertion-expired': [700024, 500133],
  'login-expired': [
    50055, 50078, 50089, 50132, 50133, 50144, 50173, 70000, 70008, 70043, 70044, 700082, 700084,
  ],
  'conditional-access': [
    50005, 50072, 50074, 50076, 50079, 50097, 50105, 50131, 50155, 50158, 53000, 53001, 53002, 53003, 53004,
    53010, 53011, 530034, 530035,
  ],
  'application-disabled': [7000112, 70001],
  'resource-not-in-tenant': [500011, 50001, 650052, 650057],
} as const satisfies Partial<Record<CauseId, readonly number[]>>;
