/** The refusals that many of S3's operations share: docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
import { AwsError } from "../../service.ts";

export const malformedXml = () =>
  new AwsError("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema", 400);

export const invalidArgument = (message: string, ArgumentName?: string, ArgumentValue?: unknown) =>
  new AwsError("InvalidArgument", message, 400, { ArgumentName, ArgumentValue });

export const invalidRequest = (message: string) => new AwsError("InvalidRequest", message, 400);

export const accessDenied = (message = "Access Denied") => new AwsError("AccessDenied", message, 403);

/** For what S3 does and Causeway does not: by name, never silently. */
export const notEmulated = (what: string) => new AwsError("NotImplemented", `Causeway does not emulate ${what}.`, 501);

/** A reading of something that has not been set. */
export const missing = (code: string, message: string, BucketName: string) => new AwsError(code, message, 404, { BucketName });
