/** Pages that causes of several families were learnt from. */
export const PULL_PAGE = 'SupportArticles:cannot-pull-image-from-acr-to-aks-cluster';
export const PUSH_PAGE = 'SupportArticles:troubleshoot-push-error-operation-disallowed-timeout';
export const RBAC_PAGE = 'azure-docs:role-based-access-control/troubleshooting';
export const BLOG = 'blog:container-apps-image-pull';
