/** Kinds of the core group, without pods, and leases (k8s.io/api core/v1/types.go, coordination/v1/types.go). The notation is told in schema.ts. */
export const CORE = `
ServiceAccount metadata=1:ObjectMeta secrets=2:[]ObjectReference(name)
  imagePullSecrets=3:[]LocalObjectReference automountServiceAccountToken=4:?bool
Secret metadata=1:ObjectMeta immutable=5:?bool data=2:{}bytes stringData=4:{}string type=3:string
ConfigMap metadata=1:ObjectMeta immutable=4:?bool data=2:{}string binaryData=3:{}bytes
Namespace metadata=1:ObjectMeta spec=2:NamespaceSpec status=3:NamespaceStatus
Node metadata=1:ObjectMeta spec=2:NodeSpec status=3:NodeStatus
Event metadata=1:ObjectMeta involvedObject=2:ObjectReference reason=3:string message=4:string
  source=5:EventSource firstTimestamp=6:time lastTimestamp=7:time count=8:int type=9:string
  eventTime=10:microtime series=11:EventSeries action=12:string related=13:ObjectReference
  reportingComponent=14:string reportingInstance=15:string
ResourceQuota metadata=1:ObjectMeta spec=2:ResourceQuotaSpec status=3:ResourceQuotaStatus
LimitRange metadata=1:ObjectMeta spec=2:LimitRangeSpec
ObjectReference kind=1:string namespace=2:string name=3:string uid=4:string apiVersion=5:string
  resourceVersion=6:string fieldPath=7:string
LocalObjectReference name=1:string
NamespaceSpec finalizers=1:[]string
NamespaceStatus phase=1:string conditions=2:[]NamespaceCondition(type)
NodeSpec podCIDR=1:string podCIDRs=7:[]string(*) providerID=3:string unschedulable=4:bool
  taints=5:[]Taint configSource=6:any externalID=2:string
NodeStatus capacity=1:{}quantity allocatable=2:{}quantity phase=3:string
  conditions=4:[]NodeCondition(type) addresses=5:[]NodeAddress(type)
  daemonEndpoints=6:NodeDaemonEndpoints nodeInfo=7:NodeSystemInfo images=8:[]ContainerImage
  volumesInUse=9:[]string volumesAttached=10:[]AttachedVolume config=11:any runtimeHandlers=12:[]any
  features=13:any declaredFeatures=14:[]string
EventSource component=1:string host=2:string
EventSeries count=1:int lastObservedTime=2:microtime
ResourceQuotaSpec hard=1:{}quantity scopes=2:[]string scopeSelector=3:ScopeSelector
ResourceQuotaStatus hard=1:{}quantity used=2:{}quantity
LimitRangeSpec limits=1:[]LimitRangeItem
NamespaceCondition type=1:string status=2:string lastTransitionTime=4:time reason=5:string
  message=6:string
Taint key=1:string value=2:string effect=3:string timeAdded=4:time
NodeCondition type=1:string status=2:string lastHeartbeatTime=3:time lastTransitionTime=4:time
  reason=5:string message=6:string
NodeAddress type=1:string address=2:string
NodeDaemonEndpoints kubeletEndpoint=1:DaemonEndpoint
NodeSystemInfo machineID=1:string systemUUID=2:string bootID=3:string kernelVersion=4:string
  osImage=5:string containerRuntimeVersion=6:string kubeletVersion=7:string kubeProxyVersion=8:string
  operatingSystem=9:string architecture=10:string swap=11:any
ContainerImage names=1:[]string sizeBytes=2:long
AttachedVolume name=1:string devicePath=2:string
ScopeSelector matchExpressions=1:[]ScopedResourceSelectorRequirement
LimitRangeItem type=1:string max=2:{}quantity min=3:{}quantity default=4:{}quantity
  defaultRequest=5:{}quantity maxLimitRequestRatio=6:{}quantity
DaemonEndpoint Port=1:int
ScopedResourceSelectorRequirement scopeName=1:string operator=2:string values=3:[]string
Lease metadata=1:ObjectMeta spec=2:LeaseSpec
LeaseSpec holderIdentity=1:?string leaseDurationSeconds=2:?int acquireTime=3:microtime
  renewTime=4:microtime leaseTransitions=5:?int strategy=6:?string preferredHolder=7:?string
`;
