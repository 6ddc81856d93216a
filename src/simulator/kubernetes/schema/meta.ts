/** Metadata and options, shared by all kinds (k8s.io/apimachinery pkg/apis/meta/v1/types.go). The notation is told in schema.ts. */
export const META = `
DeleteOptions gracePeriodSeconds=1:?long preconditions=2:Preconditions orphanDependents=3:?bool
  propagationPolicy=4:?string dryRun=5:[]string ignoreStoreReadErrorWithClusterBreakingPotential=6:?bool
ObjectMeta name=1:string generateName=2:string namespace=3:string selfLink=4:string uid=5:string
  resourceVersion=6:string generation=7:long creationTimestamp=8:time deletionTimestamp=9:time
  deletionGracePeriodSeconds=10:?long labels=11:{}string annotations=12:{}string
  ownerReferences=13:[]OwnerReference(uid) finalizers=14:[]string(*) managedFields=17:[]any
Preconditions uid=1:?string resourceVersion=2:?string
OwnerReference apiVersion=5:string kind=1:string name=3:string uid=4:string controller=6:?bool
  blockOwnerDeletion=7:?bool
LabelSelector matchLabels=1:{}string matchExpressions=2:[]LabelSelectorRequirement
LabelSelectorRequirement key=1:string operator=2:string values=3:[]string
`;
