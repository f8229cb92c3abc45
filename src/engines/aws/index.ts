/** The AWS engine: the same application on EventBridge, SQS, Lambda and DynamoDB. */
export { deploymentOf, type Deployment, type HandlerDeployment } from "../../core/deployment.ts";
