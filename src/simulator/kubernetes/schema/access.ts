/** Roles, and questions about rights (k8s.io/api rbac/v1, authorization/v1, authentication/v1: types.go). The notation is told in schema.ts. */
export const ACCESS = `
Role metadata=1:ObjectMeta rules=2:[]PolicyRule
RoleBinding metadata=1:ObjectMeta subjects=2:[]Subject roleRef=3:RoleRef
ClusterRole metadata=1:ObjectMeta rules=2:[]PolicyRule aggregationRule=3:AggregationRule
ClusterRoleBinding metadata=1:ObjectMeta subjects=2:[]Subject roleRef=3:RoleRef
PolicyRule verbs=1:[]string apiGroups=2:[]string resources=3:[]string resourceNames=4:[]string
  nonResourceURLs=5:[]string
Subject kind=1:string apiGroup=2:string name=3:string namespace=4:string
RoleRef apiGroup=1:string kind=2:string name=3:string
AggregationRule clusterRoleSelectors=1:[]LabelSelector
SelfSubjectAccessReview metadata=1:ObjectMeta spec=2:SelfSubjectAccessReviewSpec
  status=3:SubjectAccessReviewStatus
SelfSubjectRulesReview metadata=1:ObjectMeta spec=2:SelfSubjectRulesReviewSpec
  status=3:SubjectRulesReviewStatus
SelfSubjectAccessReviewSpec resourceAttributes=1:ResourceAttributes
  nonResourceAttributes=2:NonResourceAttributes
SubjectAccessReviewStatus allowed=1:bool denied=4:bool reason=2:string evaluationError=3:string
SelfSubjectRulesReviewSpec namespace=1:string
SubjectRulesReviewStatus resourceRules=1:[]ResourceRule nonResourceRules=2:[]NonResourceRule
  incomplete=3:bool evaluationError=4:string
ResourceAttributes namespace=1:string verb=2:string group=3:string version=4:string resource=5:string
  subresource=6:string name=7:string fieldSelector=8:any labelSelector=9:any
NonResourceAttributes path=1:string verb=2:string
ResourceRule verbs=1:[]string apiGroups=2:[]string resources=3:[]string resourceNames=4:[]string
NonResourceRule verbs=1:[]string nonResourceURLs=2:[]string
TokenRequest metadata=1:ObjectMeta spec=2:TokenRequestSpec status=3:TokenRequestStatus
TokenRequestSpec audiences=1:[]string expirationSeconds=4:?long boundObjectRef=3:BoundObjectReference
TokenRequestStatus token=1:string expirationTimestamp=2:time
BoundObjectReference kind=1:string apiVersion=2:string name=3:string uid=4:string
SelfSubjectReview metadata=1:ObjectMeta status=2:any
`;
