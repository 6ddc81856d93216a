/**
 * Pods and what they are made of (k8s.io/api core/v1/types.go). Assumption: the numbers of a pod's
 * status from 18 on, which no client sends. The notation is told in schema.ts.
 */
export const PODS = `
Pod metadata=1:ObjectMeta spec=2:PodSpec status=3:PodStatus
PodSpec volumes=1:[]Volume(name)! initContainers=20:[]Container(name) containers=2:[]Container(name)
  ephemeralContainers=34:[]EphemeralContainer(name) restartPolicy=3:string
  terminationGracePeriodSeconds=4:?long activeDeadlineSeconds=5:?long dnsPolicy=6:string
  nodeSelector=7:{}string serviceAccountName=8:string serviceAccount=9:string
  automountServiceAccountToken=21:?bool nodeName=10:string hostNetwork=11:bool hostPID=12:bool
  hostIPC=13:bool shareProcessNamespace=27:?bool securityContext=14:PodSecurityContext
  imagePullSecrets=15:[]LocalObjectReference(name) hostname=16:string subdomain=17:string
  affinity=18:Affinity schedulerName=19:string tolerations=22:[]Toleration hostAliases=23:[]HostAlias(ip)
  priorityClassName=24:string priority=25:?int dnsConfig=26:PodDNSConfig
  readinessGates=28:[]PodReadinessGate runtimeClassName=29:?string enableServiceLinks=30:?bool
  preemptionPolicy=31:?string overhead=32:{}quantity
  topologySpreadConstraints=33:[]TopologySpreadConstraint(topologyKey,whenUnsatisfiable)
  setHostnameAsFQDN=35:?bool os=36:PodOS hostUsers=37:?bool schedulingGates=38:[]PodSchedulingGate(name)
  resourceClaims=39:[]any(name)! resources=40:ResourceRequirements hostnameOverride=41:?string
  workloadRef=42:any
PodStatus phase=1:string conditions=2:[]PodCondition(type) message=3:string reason=4:string
  nominatedNodeName=11:string hostIP=5:string podIP=6:string podIPs=12:[]PodIP(ip) startTime=7:time
  initContainerStatuses=10:[]ContainerStatus containerStatuses=8:[]ContainerStatus qosClass=9:string
  ephemeralContainerStatuses=13:[]ContainerStatus resize=14:string resourceClaimStatuses=15:[]any
  hostIPs=16:[]HostIP observedGeneration=17:long extendedResourceClaimStatus=18:any
  allocatedResources=19:{}quantity resources=20:ResourceRequirements
Volume name=1:string volumeSource=2:&VolumeSource
Container name=1:string image=2:string command=3:[]string args=4:[]string workingDir=5:string
  ports=6:[]ContainerPort(containerPort,protocol) envFrom=19:[]EnvFromSource env=7:[]EnvVar(name)
  resources=8:ResourceRequirements volumeMounts=9:[]VolumeMount(mountPath)
  volumeDevices=21:[]VolumeDevice(devicePath) livenessProbe=10:Probe readinessProbe=11:Probe
  startupProbe=22:Probe lifecycle=12:Lifecycle terminationMessagePath=13:string
  terminationMessagePolicy=20:string imagePullPolicy=14:string securityContext=15:SecurityContext
  stdin=16:bool stdinOnce=17:bool tty=18:bool resizePolicy=23:[]ContainerResizePolicy
  restartPolicy=24:?string restartPolicyRules=25:[]any
EphemeralContainer ephemeralContainerCommon=1:&Container targetContainerName=2:string
PodSecurityContext seLinuxOptions=1:SELinuxOptions windowsOptions=8:WindowsSecurityContextOptions
  runAsUser=2:?long runAsGroup=6:?long runAsNonRoot=3:?bool supplementalGroups=4:[]long fsGroup=5:?long
  sysctls=7:[]Sysctl fsGroupChangePolicy=9:?string seccompProfile=10:SeccompProfile
  appArmorProfile=11:AppArmorProfile supplementalGroupsPolicy=12:?string seLinuxChangePolicy=13:?string
Affinity nodeAffinity=1:NodeAffinity podAffinity=2:PodAffinity podAntiAffinity=3:PodAntiAffinity
Toleration key=1:string operator=2:string value=3:string effect=4:string tolerationSeconds=5:?long
HostAlias ip=1:string hostnames=2:[]string
PodDNSConfig nameservers=1:[]string searches=2:[]string options=3:[]PodDNSConfigOption
PodReadinessGate conditionType=1:string
TopologySpreadConstraint maxSkew=1:int topologyKey=2:string whenUnsatisfiable=3:string
  labelSelector=4:LabelSelector minDomains=5:?int nodeAffinityPolicy=6:?string nodeTaintsPolicy=7:?string
  matchLabelKeys=8:[]string
PodCondition type=1:string status=2:string lastProbeTime=3:time lastTransitionTime=4:time reason=5:string
  message=6:string observedGeneration=7:long
PodIP ip=1:string
ContainerStatus name=1:string state=2:ContainerState lastState=3:ContainerState ready=4:bool
  restartCount=5:int image=6:string imageID=7:string containerID=8:string started=9:?bool
  allocatedResources=10:{}quantity resources=11:ResourceRequirements volumeMounts=12:[]any(mountPath)
  user=13:any allocatedResourcesStatus=14:[]any(name) stopSignal=15:?string
PodTemplateSpec metadata=1:ObjectMeta spec=2:PodSpec
VolumeSource hostPath=1:HostPathVolumeSource emptyDir=2:EmptyDirVolumeSource gcePersistentDisk=3:any
  awsElasticBlockStore=4:any gitRepo=5:any secret=6:SecretVolumeSource nfs=7:NFSVolumeSource iscsi=8:any
  glusterfs=9:any persistentVolumeClaim=10:PersistentVolumeClaimVolumeSource rbd=11:any flexVolume=12:any
  cinder=13:any cephfs=14:any flocker=15:any downwardAPI=16:DownwardAPIVolumeSource fc=17:any
  azureFile=18:any configMap=19:ConfigMapVolumeSource vsphereVolume=20:any quobyte=21:any
  azureDisk=22:any photonPersistentDisk=23:any projected=26:ProjectedVolumeSource portworxVolume=24:any
  scaleIO=25:any storageos=27:any csi=28:CSIVolumeSource ephemeral=29:EphemeralVolumeSource
  image=30:ImageVolumeSource
ContainerPort name=1:string hostPort=2:int containerPort=3:int protocol=4:string hostIP=5:string
EnvFromSource prefix=1:string configMapRef=2:ConfigMapEnvSource secretRef=3:SecretEnvSource
EnvVar name=1:string value=2:string valueFrom=3:EnvVarSource
ResourceRequirements limits=1:{}quantity requests=2:{}quantity claims=3:[]any(name)
VolumeMount name=1:string readOnly=2:bool mountPath=3:string subPath=4:string mountPropagation=5:?string
  subPathExpr=6:string recursiveReadOnly=7:?string
VolumeDevice name=1:string devicePath=2:string
Probe handler=1:&ProbeHandler initialDelaySeconds=2:int timeoutSeconds=3:int periodSeconds=4:int
  successThreshold=5:int failureThreshold=6:int terminationGracePeriodSeconds=7:?long
Lifecycle postStart=1:LifecycleHandler preStop=2:LifecycleHandler stopSignal=3:?string
SecurityContext capabilities=1:Capabilities privileged=2:?bool seLinuxOptions=3:SELinuxOptions
  windowsOptions=10:WindowsSecurityContextOptions runAsUser=4:?long runAsGroup=8:?long
  runAsNonRoot=5:?bool readOnlyRootFilesystem=6:?bool allowPrivilegeEscalation=7:?bool
  procMount=9:?string seccompProfile=11:SeccompProfile appArmorProfile=12:AppArmorProfile
SELinuxOptions user=1:string role=2:string type=3:string level=4:string
WindowsSecurityContextOptions gmsaCredentialSpecName=1:?string gmsaCredentialSpec=2:?string
  runAsUserName=3:?string hostProcess=4:?bool
Sysctl name=1:string value=2:string
SeccompProfile type=1:string localhostProfile=2:?string
NodeAffinity requiredDuringSchedulingIgnoredDuringExecution=1:NodeSelector
  preferredDuringSchedulingIgnoredDuringExecution=2:[]PreferredSchedulingTerm
PodAffinity requiredDuringSchedulingIgnoredDuringExecution=1:[]PodAffinityTerm
  preferredDuringSchedulingIgnoredDuringExecution=2:[]WeightedPodAffinityTerm
PodAntiAffinity requiredDuringSchedulingIgnoredDuringExecution=1:[]PodAffinityTerm
  preferredDuringSchedulingIgnoredDuringExecution=2:[]WeightedPodAffinityTerm
PodDNSConfigOption name=1:string value=2:?string
ContainerState waiting=1:ContainerStateWaiting running=2:ContainerStateRunning
  terminated=3:ContainerStateTerminated
HostPathVolumeSource path=1:string type=2:?string
EmptyDirVolumeSource medium=1:string sizeLimit=2:quantity
SecretVolumeSource secretName=1:string items=2:[]KeyToPath defaultMode=3:?int optional=4:?bool
NFSVolumeSource server=1:string path=2:string readOnly=3:bool
PersistentVolumeClaimVolumeSource claimName=1:string readOnly=2:bool
DownwardAPIVolumeSource items=1:[]DownwardAPIVolumeFile defaultMode=2:?int
ConfigMapVolumeSource localObjectReference=1:&LocalObjectReference items=2:[]KeyToPath defaultMode=3:?int
  optional=4:?bool
ProjectedVolumeSource sources=1:[]VolumeProjection defaultMode=2:?int
CSIVolumeSource driver=1:string readOnly=2:?bool fsType=3:?string volumeAttributes=4:{}string
  nodePublishSecretRef=5:LocalObjectReference
EphemeralVolumeSource volumeClaimTemplate=1:any readOnly=2:bool
ConfigMapEnvSource localObjectReference=1:&LocalObjectReference optional=2:?bool
SecretEnvSource localObjectReference=1:&LocalObjectReference optional=2:?bool
EnvVarSource fieldRef=1:ObjectFieldSelector resourceFieldRef=2:ResourceFieldSelector
  configMapKeyRef=3:ConfigMapKeySelector secretKeyRef=4:SecretKeySelector fileKeyRef=5:any
Capabilities add=1:[]string drop=2:[]string
NodeSelector nodeSelectorTerms=1:[]NodeSelectorTerm
PreferredSchedulingTerm weight=1:int preference=2:NodeSelectorTerm
PodAffinityTerm labelSelector=1:LabelSelector namespaces=2:[]string topologyKey=3:string
  namespaceSelector=4:LabelSelector matchLabelKeys=5:[]string mismatchLabelKeys=6:[]string
WeightedPodAffinityTerm weight=1:int podAffinityTerm=2:PodAffinityTerm
ContainerStateWaiting reason=1:string message=2:string
ContainerStateRunning startedAt=1:time
ContainerStateTerminated exitCode=1:int signal=2:int reason=3:string message=4:string startedAt=5:time
  finishedAt=6:time containerID=7:string
KeyToPath key=1:string path=2:string mode=3:?int
DownwardAPIVolumeFile path=1:string fieldRef=2:ObjectFieldSelector
  resourceFieldRef=3:ResourceFieldSelector mode=4:?int
VolumeProjection secret=1:SecretProjection downwardAPI=2:DownwardAPIProjection
  configMap=3:ConfigMapProjection serviceAccountToken=4:ServiceAccountTokenProjection
  clusterTrustBundle=5:any podCertificate=6:any
ObjectFieldSelector apiVersion=1:string fieldPath=2:string
ResourceFieldSelector containerName=1:string resource=2:string divisor=3:quantity
ConfigMapKeySelector localObjectReference=1:&LocalObjectReference key=2:string optional=3:?bool
SecretKeySelector localObjectReference=1:&LocalObjectReference key=2:string optional=3:?bool
ExecAction command=1:[]string
HTTPGetAction path=1:string port=2:intOrString host=3:string scheme=4:string httpHeaders=5:[]HTTPHeader
TCPSocketAction port=1:intOrString host=2:string
NodeSelectorTerm matchExpressions=1:[]NodeSelectorRequirement matchFields=2:[]NodeSelectorRequirement
SecretProjection localObjectReference=1:&LocalObjectReference items=2:[]KeyToPath optional=4:?bool
DownwardAPIProjection items=1:[]DownwardAPIVolumeFile
ConfigMapProjection localObjectReference=1:&LocalObjectReference items=2:[]KeyToPath optional=4:?bool
ServiceAccountTokenProjection audience=1:string expirationSeconds=2:?long path=3:string
HTTPHeader name=1:string value=2:string
NodeSelectorRequirement key=1:string operator=2:string values=3:[]string
PodOS name=1:string
PodSchedulingGate name=1:string
HostIP ip=1:string
ContainerResizePolicy resourceName=1:string restartPolicy=2:string
AppArmorProfile type=1:string localhostProfile=2:?string
ImageVolumeSource reference=1:string pullPolicy=2:string
ProbeHandler exec=1:ExecAction httpGet=2:HTTPGetAction tcpSocket=3:TCPSocketAction grpc=4:GRPCAction
LifecycleHandler exec=1:ExecAction httpGet=2:HTTPGetAction tcpSocket=3:TCPSocketAction
  sleep=4:SleepAction
GRPCAction port=1:int service=2:?string
SleepAction seconds=1:long
`;
