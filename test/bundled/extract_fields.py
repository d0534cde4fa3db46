# SPDX-License-Identifier: Apache-2.0
"""Every field of the cloudtrail plugin, for every record below a folder of logs: a second opinion.

Written from the description of the fields alone, and shares no code with the plugin. Prints a JSON line a record:
{"raw": the record as JSON text, "fields": {name: value}}; fields without a value are left out. A field that is JSON text
is given as {"json": value}.

usage: extract_fields.py FOLDER [--rules]      with --rules: {"raw": ..., "rules": [official rules that hold]}
"""
import gzip
import json
import os
import sys

# Names in the record for fields that are just the value at a path.
PLAIN = {
    "ct.id": "eventID",
    "ct.time": "eventTime",
    "ct.src": "eventSource",
    "ct.name": "eventName",
    "ct.user.identitytype": "userIdentity.type",
    "ct.user.principalid": "userIdentity.principalId",
    "ct.user.arn": "userIdentity.arn",
    "ct.region": "awsRegion",
    "ct.response.subnetid": "responseElements.subnetId",
    "ct.response.reservationid": "responseElements.reservationId",
    "ct.request.availabilityzone": "requestParameters.availabilityZone",
    "ct.request.cluster": "requestParameters.cluster",
    "ct.request.documentname": "requestParameters.documentName",
    "ct.request.functionname": "requestParameters.functionName",
    "ct.request.groupname": "requestParameters.groupName",
    "ct.request.host": "requestParameters.Host",
    "ct.request.name": "requestParameters.name",
    "ct.request.policy": "requestParameters.policy",
    "ct.request.reason": "requestParameters.reason",
    "ct.request.serialnumber": "requestParameters.serialNumber",
    "ct.request.servicename": "requestParameters.serviceName",
    "ct.request.subnetid": "requestParameters.subnetId",
    "ct.request.target": "requestParameters.target",
    "ct.request.taskdefinition": "requestParameters.taskDefinition",
    "ct.request.username": "requestParameters.userName",
    "ct.srcip": "sourceIPAddress",
    "ct.useragent": "userAgent",
    "ct.requestid": "requestID",
    "ct.eventtype": "eventType",
    "ct.apiversion": "apiVersion",
    "ct.recipientaccountid": "recipientAccountId",
    "ct.serviceeventdetails": "serviceEventDetails",
    "ct.sharedeventid": "sharedEventID",
    "ct.vpcendpointid": "vpcEndpointId",
    "ct.eventcategory": "eventCategory",
    "ct.addendum.reason": "addendum.reason",
    "ct.addendum.updatedfields": "addendum.updatedFields",
    "ct.addendum.originalrequestid": "addendum.originalRequestID",
    "ct.addendum.originaleventid": "addendum.originalEventID",
    "ct.edgedevicedetails": "edgeDeviceDetails",
    "ct.tlsdetails.tlsversion": "tlsDetails.tlsVersion",
    "ct.tlsdetails.ciphersuite": "tlsDetails.cipherSuite",
    "ct.tlsdetails.clientprovidedhostheader": "tlsDetails.clientProvidedHostHeader",
    "s3.bucket": "requestParameters.bucketName",
    "s3.key": "requestParameters.key",
    "ecr.repository": "requestParameters.repositoryName",
    "ecr.imagetag": "requestParameters.imageTag",
    "iam.role": "requestParameters.roleName",
    "iam.policy": "requestParameters.policyName",
}
MISSING = object()


def at(record, path):
    value = record
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            return MISSING
        value = value[key]
    return value


def plain(record, path):
    """None: no value. A value that is no string is the empty text."""
    value = at(record, path)
    if value is MISSING:
        return None
    return value if isinstance(value, str) else ""


def string(record, path):
    value = at(record, path)
    return value if isinstance(value, str) else None


def user(record):
    kind = string(record, "userIdentity.type")
    if kind in ("Root", "IAMUser"):
        return plain(record, "userIdentity.userName")
    if kind == "AWSService":
        return plain(record, "userIdentity.invokedBy")
    if kind == "AssumedRole":
        name = plain(record, "userIdentity.sessionContext.sessionIssuer.userName")
        return "AssumedRole" if name is None else name
    return kind if kind in ("AWSAccount", "FederatedUser") else None


def original_user(record):
    if string(record, "userIdentity.type") != "AssumedRole":
        return plain(record, "userIdentity.userName")
    arn = (plain(record, "userIdentity.arn") or "").split("/")
    if len(arn) == 3:
        return arn[2]
    principal = (plain(record, "userIdentity.principalId") or "").split(":")
    return principal[1] if len(principal) == 2 else None


def truth(record, path):
    value = at(record, path)
    if value is MISSING or value is None:
        return None
    return "true" if value is True or value == "true" else "false"


def count(record, path):
    value = at(record, path)
    if value is MISSING:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0
    return int(value) if value > 0 else 0


def total(record):
    came = count(record, "additionalEventData.bytesTransferredIn")
    went = count(record, "additionalEventData.bytesTransferredOut")
    return None if came is None and went is None else (came or 0) + (went or 0)


def uri(record):
    bucket = string(record, "requestParameters.bucketName")
    key = string(record, "requestParameters.key")
    return None if bucket is None or key is None else "s3://%s/%s" % (bucket, key)


def items(value):
    return value if isinstance(value, list) else []


def instance_name(record):
    name = ""
    for item in items(at(record, "requestParameters.tagSpecificationSet.items")):
        if string(item, "resourceType") != "instance":
            continue
        for tag in items(at(item, "tags")):
            if string(tag, "key") == "Name":
                name = string(tag, "value") or ""
                break
    return name or None


def images(record):
    found = [string(item, "imageId") for item in items(at(record, "responseElements.instancesSet.items"))]
    found = [image for image in found if image]
    if found:
        return found
    for path in ("imageId", "DescribeFastLaunchImagesRequest.ImageId.content", "launchSpecification.imageId"):
        image = string(record, "requestParameters." + path)
        if image:
            return [image]
    return None


def info(record):
    who, address, name = user(record), plain(record, "sourceIPAddress"), plain(record, "eventName")
    for value, field in ((who, "userIdentity"), (address, "sourceIPAddress"), (name, "eventName")):
        if value is None:
            return "<invalid cloudtrail event: %s field missing>" % field
    line = who if who == address else who + " via " + address
    line += " " + ("!" if string(record, "errorCode") else "")
    line += ("→" if truth(record, "readOnly") == "false" else "←") + " " + name
    if name == "PutBucketPublicAccessBlock":
        for flag in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"):
            on = at(record, "requestParameters.PublicAccessBlockConfiguration." + flag)
            line += " %s=%s" % (flag, "true" if on is True or on == "true" else "false")
        return line
    if total(record) is not None:
        line += " Size=%d" % total(record)
    for label, value in (
        ("URI", uri(record)),
        ("Bucket", plain(record, "requestParameters.bucketName")),
        ("Key", plain(record, "requestParameters.key")),
        ("Host", plain(record, "requestParameters.Host")),
    ):
        if value is not None:
            return line + " %s=%s" % (label, value)
    return line


def fields(record):
    out = {name: plain(record, path) for name, path in PLAIN.items()}
    out["ct.error"] = string(record, "errorCode") or None
    out["ct.errormessage"] = string(record, "errorMessage") or None
    source = plain(record, "eventSource")
    domain = ".amazonaws.com"
    out["ct.shortsrc"] = source[: -len(domain)] if source and source != domain and source.endswith(domain) else source
    out["ct.user"] = user(record)
    out["ct.originaluser"] = original_user(record)
    account = plain(record, "userIdentity.accountId")
    out["ct.user.accountid"] = plain(record, "recipientAccountId") if account is None else account
    for name, path in (
        ("ct.managementevent", "managementEvent"),
        ("ct.readonly", "readOnly"),
        ("ct.sessioncredentialfromconsole", "sessionCredentialFromConsole"),
    ):
        out[name] = truth(record, path)
    for name, path in (
        ("ct.response", "responseElements"),
        ("ct.request", "requestParameters"),
        ("ct.additionaleventdata", "additionalEventData"),
    ):
        value = at(record, path)
        out[name] = None if value is MISSING else {"json": value}
    resources = items(at(record, "resources"))
    out["ct.resources"] = {"jsons": resources} if resources else None
    out["ct.info"] = info(record)
    out["s3.uri"] = uri(record)
    out["s3.bytes"] = total(record)
    out["s3.bytes.in"] = count(record, "additionalEventData.bytesTransferredIn")
    out["s3.bytes.out"] = count(record, "additionalEventData.bytesTransferredOut")
    name = string(record, "eventName")
    out["s3.cnt.get"] = 1 if name == "GetObject" else None
    out["s3.cnt.put"] = 1 if name == "PutObject" else None
    out["s3.cnt.other"] = 1 if name not in ("GetObject", "PutObject") else None
    out["ec2.name"] = instance_name(record)
    out["ec2.imageids"] = images(record)
    out["ec2.imageid"] = (images(record) or [None])[0]
    return {key: value for key, value in out.items() if value is not None}


def pointer(record, path):
    """json.value: None without a value, strings as they are, everything else as JSON."""
    value = record
    for key in path.strip("/").split("/"):
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def rules(record):
    """The rules of the public aws_cloudtrail_rules.yaml that are on by default, by hand."""
    if string(record, "errorCode"):
        return []
    name = plain(record, "eventName")
    kind = plain(record, "userIdentity.type")
    success = pointer(record, "/responseElements/ConsoleLogin") == "Success"
    no_mfa = pointer(record, "/additionalEventData/MFAUsed") == "No"
    # A comparison with a value that is absent does not hold, whichever way it goes.
    other = kind is not None and kind != "AssumedRole"
    block = "/requestParameters/PublicAccessBlockConfiguration/"
    source = plain(record, "eventSource")
    held = {
        "Console Login Through Assume Role": name == "ConsoleLogin" and kind == "AssumedRole" and success,
        "Console Login Without MFA": name == "ConsoleLogin" and other and success and no_mfa,
        "Console Root Login Without MFA": name == "ConsoleLogin" and kind == "Root" and success and no_mfa,
        "Deactivate MFA for Root User": name == "DeactivateMFADevice"
        and kind == "Root"
        and plain(record, "requestParameters.userName") == "AWS ROOT USER",
        "Create AWS user": name == "CreateUser",
        "Create Group": name == "CreateGroup",
        "Delete Group": name == "DeleteGroup",
        "ECS Service Created": source == "ecs.amazonaws.com" and name == "CreateService",
        "ECS Task Run or Started": source == "ecs.amazonaws.com" and name in ("RunTask", "StartTask"),
        "Create Lambda Function": name == "CreateFunction20150331",
        "Update Lambda Function Code": name == "UpdateFunctionCode20150331v2",
        "Update Lambda Function Configuration": name == "UpdateFunctionConfiguration20150331v2",
        "Run Instances": name == "RunInstances",
        "Run Instances in Non-approved Region": name == "RunInstances" and plain(record, "awsRegion") != "us-east-0",
        "Delete Bucket Encryption": name == "DeleteBucketEncryption",
        "Delete Bucket Public Access Block": name == "PutBucketPublicAccessBlock"
        and pointer(record, "/requestParameters/publicAccessBlock") == ""
        and any(
            pointer(record, block + flag) == "false"
            for flag in ("RestrictPublicBuckets", "BlockPublicPolicy", "BlockPublicAcls", "IgnorePublicAcls")
        ),
        "Put Bucket ACL": name == "PutBucketAcl",
        "Put Bucket Policy": name == "PutBucketPolicy",
        "CloudTrail Trail Created": name == "CreateTrail",
        "CloudTrail Logging Disabled": name == "StopLogging",
    }
    return sorted(rule for rule, holds in held.items() if holds)


def records(folder):
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(where, name)
            if not name.endswith((".json", ".json.gz")):
                continue
            with (gzip.open if name.endswith(".gz") else open)(path, "rb") as file:
                text = file.read().decode("utf-8", "replace")
            try:
                parts = [json.loads(text)]
            except ValueError:
                parts = [json.loads(line) for line in text.splitlines() if line.strip()]
            for part in parts:
                if isinstance(part, dict) and "Records" in part:
                    part = part["Records"]
                for record in part if isinstance(part, list) else [part]:
                    if isinstance(record, dict):
                        yield record


def main():
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogatepass")
    for number, record in enumerate(records(sys.argv[1])):
        # Every third record is laid out over many lines.
        layout = {"indent": 1} if number % 3 == 0 else {"separators": (",", ":")}
        line = {"raw": json.dumps(record, ensure_ascii=number % 2 == 0, **layout)}
        line.update({"rules": rules(record)} if "--rules" in sys.argv else {"fields": fields(record)})
        print(json.dumps(line, ensure_ascii=True))


main()
