/** What makes pods (k8s.io/api batch/v1/types.go, apps/v1/types.go, autoscaling/v1/types.go for Scale). The notation is told in schema.ts. */
export const WORKLOADS = `
Job metadata=1:ObjectMeta spec=2:JobSpec status=3:JobStatus
JobSpec parallelism=1:?int completions=2:?int activeDeadlineSeconds=3:?long backoffLimit=7:?int
  selector=4:LabelSelector manualSelector=5:?bool template=6:PodTemplateSpec
  ttlSecondsAfterFinished=8:?int completionMode=9:?string suspend=10:?bool podFailurePolicy=11:any
  backoffLimitPerIndex=12:?int maxFailedIndexes=13:?int podReplacementPolicy=14:?string
  managedBy=15:?string successPolicy=16:any
JobStatus conditions=1:[]JobCondition(type) startTime=2:time completionTime=3:time active=4:int
  succeeded=5:int failed=6:int completedIndexes=7:string
  uncountedTerminatedPods=8:UncountedTerminatedPods ready=9:?int failedIndexes=10:?string
  terminating=11:?int
JobCondition type=1:string status=2:string lastProbeTime=3:time lastTransitionTime=4:time reason=5:string
  message=6:string
UncountedTerminatedPods succeeded=1:[]string(*) failed=2:[]string(*)
CronJob metadata=1:ObjectMeta spec=2:CronJobSpec status=3:CronJobStatus
CronJobSpec schedule=1:string startingDeadlineSeconds=2:?long concurrencyPolicy=3:string suspend=4:?bool
  jobTemplate=5:JobTemplateSpec successfulJobsHistoryLimit=6:?int failedJobsHistoryLimit=7:?int
  timeZone=8:?string
CronJobStatus active=1:[]ObjectReference lastScheduleTime=4:time lastSuccessfulTime=5:time
JobTemplateSpec metadata=1:ObjectMeta spec=2:JobSpec
Deployment metadata=1:ObjectMeta spec=2:DeploymentSpec status=3:DeploymentStatus
ReplicaSet metadata=1:ObjectMeta spec=2:ReplicaSetSpec status=3:ReplicaSetStatus
DaemonSet metadata=1:ObjectMeta spec=2:DaemonSetSpec status=3:DaemonSetStatus
StatefulSet metadata=1:ObjectMeta spec=2:StatefulSetSpec status=3:StatefulSetStatus
DeploymentSpec replicas=1:?int selector=2:LabelSelector template=3:PodTemplateSpec
  strategy=4:DeploymentStrategy! minReadySeconds=5:int revisionHistoryLimit=6:?int paused=7:bool
  progressDeadlineSeconds=9:?int
DeploymentStatus observedGeneration=1:long replicas=2:int updatedReplicas=3:int readyReplicas=7:int
  availableReplicas=4:int unavailableReplicas=5:int conditions=6:[]DeploymentCondition(type)
  collisionCount=8:?int terminatingReplicas=9:?int
ReplicaSetSpec replicas=1:?int minReadySeconds=4:int selector=2:LabelSelector template=3:PodTemplateSpec
ReplicaSetStatus replicas=1:int fullyLabeledReplicas=2:int readyReplicas=4:int availableReplicas=5:int
  observedGeneration=3:long conditions=6:[]ReplicaSetCondition(type) terminatingReplicas=7:?int
DaemonSetSpec selector=1:LabelSelector template=2:PodTemplateSpec
  updateStrategy=3:DaemonSetUpdateStrategy minReadySeconds=4:int revisionHistoryLimit=6:?int
DaemonSetStatus currentNumberScheduled=1:int numberMisscheduled=2:int desiredNumberScheduled=3:int
  numberReady=4:int observedGeneration=5:long updatedNumberScheduled=6:int numberAvailable=7:int
  numberUnavailable=8:int collisionCount=9:?int conditions=10:[]DaemonSetCondition(type)
StatefulSetSpec replicas=1:?int selector=2:LabelSelector template=3:PodTemplateSpec
  volumeClaimTemplates=4:[]any serviceName=5:string podManagementPolicy=6:string
  updateStrategy=7:StatefulSetUpdateStrategy revisionHistoryLimit=8:?int minReadySeconds=9:int
  persistentVolumeClaimRetentionPolicy=10:any ordinals=11:any
StatefulSetStatus observedGeneration=1:long replicas=2:int readyReplicas=3:int currentReplicas=4:int
  updatedReplicas=5:int currentRevision=6:string updateRevision=7:string collisionCount=9:?int
  conditions=10:[]StatefulSetCondition(type) availableReplicas=11:int
DeploymentStrategy type=1:string rollingUpdate=2:RollingUpdateDeployment
DeploymentCondition type=1:string status=2:string lastUpdateTime=6:time lastTransitionTime=7:time
  reason=4:string message=5:string
ReplicaSetCondition type=1:string status=2:string lastTransitionTime=3:time reason=4:string
  message=5:string
DaemonSetUpdateStrategy type=1:string rollingUpdate=2:RollingUpdateDaemonSet
DaemonSetCondition type=1:string status=2:string lastTransitionTime=3:time reason=4:string
  message=5:string
StatefulSetUpdateStrategy type=1:string rollingUpdate=2:RollingUpdateStatefulSetStrategy
StatefulSetCondition type=1:string status=2:string lastTransitionTime=3:time reason=4:string
  message=5:string
RollingUpdateDeployment maxUnavailable=1:intOrString maxSurge=2:intOrString
RollingUpdateDaemonSet maxUnavailable=1:intOrString maxSurge=2:intOrString
RollingUpdateStatefulSetStrategy partition=1:?int maxUnavailable=2:intOrString
Scale metadata=1:ObjectMeta spec=2:ScaleSpec status=3:ScaleStatus
ScaleSpec replicas=1:int
ScaleStatus replicas=1:int selector=2:string
`;
