// @alicloud/oss20190517, the generated client for OSS: signature V1 with a list of signed parameters of its own.
'use strict';

const { Readable } = require('stream');
const oss = require('@alicloud/oss20190517');
const { Config } = require('@alicloud/openapi-client');
const { Report, run, task } = require('./report');

const report = new Report(error => [error.data.statusCode, error.code]);

function open(key, options = {}) {
  const keys = { accessKeyId: `key-${key}`, accessKeySecret: `secret-${key}`, ...options };
  const endpoint = task.url.replace('http://', '');
  return new oss.default(new Config({ ...keys, regionId: 'cn-hangzhou', endpoint, protocol: 'HTTP' }));
}

const put = (client, key) =>
  client.putObject('client-src', key, new oss.PutObjectRequest({ body: Readable.from([Buffer.from('hello')]) }));

async function text(key, client = open('a'), bucket = 'client-src') {
  const answer = await client.getObject(bucket, key, new oss.GetObjectRequest({}));
  const chunks = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function objects() {
  await report.find('put', async () => {
    const { headers } = await put(open('a'), 'tour/hello.txt');
    return [headers.etag.replace(/"/g, ''), headers['x-oss-hash-crc64ecma']];
  });
  await report.find('get', () => text('tour/hello.txt'));
  await report.refused('missing_key', () => text('tour/none'));
  await report.refused('missing_bucket', () => text('k', open('a'), 'no-such-bucket-1'));
}

async function refusals() {
  await report.refused('wrong_secret', () => text('copy', open('a', { accessKeySecret: 'wrong' })));
  await report.refused('unknown_key', () => text('copy', open('nobody')));
  await report.refused('denied', () => put(open('reader'), 'copy'));
  await report.refused('no_policy', () => open('a').getBucketPolicy('client-src'));
  await report.refused('no_rule', () => open('a').getBucketReplication('client-src'));
}

async function sessions() {
  const given = task.session;
  const keys = { accessKeyId: given.id, accessKeySecret: given.secret };
  const session = token => open('a', { ...keys, securityToken: token });
  await report.find('session', async () => {
    const read = await text('seed/object-00001', session(given.token));
    return [read.slice(5, 17), await report.refusal(() => put(session(given.token), 'x'))];
  });
  await report.refused('forged_token', () => text('copy', session('forged')));
}

run(report, [objects, refusals, sessions]);
