// The client inside ali-oss that can only assume a role, and the use of the credentials that it gets.
'use strict';

const { Report, run, task } = require('./report');
const OSS = require('ali-oss');

const ROLE = 'acs:ram::1000000000000001:role/Guest';
const report = new Report(error => [error.status, error.code]);

function sts(accessKeySecret) {
  return new OSS.STS({ accessKeyId: 'key-operator', accessKeySecret, endpoint: task.url });
}

async function aliOss() {
  const { credentials } = await sts('secret-operator').assumeRole(ROLE, '', 900, 'tour');
  const bucket = new OSS({
    endpoint: task.url,
    bucket: 'client-src',
    accessKeyId: credentials.AccessKeyId,
    accessKeySecret: credentials.AccessKeySecret,
    stsToken: credentials.SecurityToken,
    refreshSTSToken: async () => credentials,
  });
  await report.find('ali_oss', async () => (await bucket.get('seed/object-00001')).content.toString().slice(5, 17));
  await report.refused('ali_oss_wrong_secret', () => sts('wrong').assumeRole(ROLE, '', 900, 'tour'));
}

run(report, [aliOss]);
