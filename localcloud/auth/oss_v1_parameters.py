"""Query parameters that OSS signature version 1 covers.

The vendor documents a few of them and "sub-resources"; the full list is only in the SDKs: oss2 2.19 and
alibabacloud-oss-v2 1.4 for Python, and the lists that the Go SDK and its ports to other languages carry.
"""

from __future__ import annotations

_BUCKET_SUBRESOURCES = """
    accessPoint accessPointPolicy acl asyncFetch bucketArchiveDirectRead bucketInfo cname comp cors encryption
    httpsConfig inventory inventoryId lifecycle live location logging metaQuery policy publicAccessBlock qos qosInfo
    qosRequester redundancyTransition referer regionList replication replicationLocation replicationProgress
    requestPayment requesterQosInfo resourceGroup resourcePool resourcePoolBuckets resourcePoolInfo stat style
    styleName transferAcceleration versioning versions vod website worm wormExtend wormId
"""
_OBJECT_SUBRESOURCES = """
    append callback callback-var delete endTime group img link objectInfo objectMeta partNumber position restore
    sequential startTime status symlink tagging uploadId uploads versionId
"""
_OTHERS = """
    continuation-token response-cache-control response-content-disposition response-content-encoding
    response-content-language response-content-type response-expires security-token x-oss-ac-forward-allow
    x-oss-ac-source-ip x-oss-ac-subnet-mask x-oss-ac-vpc-id x-oss-access-point-name x-oss-async-process x-oss-process
    x-oss-redundancy-transition-taskid x-oss-request-payer x-oss-target-redundancy-type x-oss-traffic-limit
    x-oss-write-get-object-response
"""
_DISPUTED = """
    action cloudboxes dataPipeline legalHold objectWorm overwriteConfig policyStatus quota retention rtc rule-id udf
    udfApplication udfApplicationLog udfId udfImage udfImageDesc udfName userDefinedLogFieldsConfig withHashContext
    x-oss-enable-md5 x-oss-enable-sha1 x-oss-enable-sha256 x-oss-hash-ctx x-oss-md5-ctx
"""

#: Parameters that every SDK which sends them also signs.
SIGNED_BY_ALL = frozenset((_BUCKET_SUBRESOURCES + _OBJECT_SUBRESOURCES + _OTHERS).split())

#: Parameters that some SDKs sign and others send unsigned. Which of them the service is strict about is not known, so
#: either way is accepted.
SIGNED_BY_SOME = frozenset(_DISPUTED.split())
