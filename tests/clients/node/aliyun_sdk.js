// aliyun-sdk, the Node.js client of the time before ali-oss: signature V1, the bucket in the host name.
'use strict';

const ALY = require('aliyun-sdk');
const { KEYS, Report, run, task } = require('./report');

const report = new Report(error => [error.statusCode, error.code]);

function open(key, options = {}) {
  const oss = new ALY.OSS({
    accessKeyId: `key-${key}`,
    secretAccessKey: `secret-${key}`,
    endpoint: task.url,
    apiVersion: '2013-10-15',
    maxRetries: 0,
    ...options,
  });
  return (action, params = {}) =>
    new Promise((resolve, reject) => {
      oss[action](params, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
}

const call = open('a');
const Bucket = 'client-src';
const hello = Buffer.from('hello');
const unquoted = etag => etag.replace(/"/g, '');

async function objects() {
  const put = { Bucket, Body: hello, ContentType: 'text/x-note' };
  await report.find('put', async () => {
    for (const Key of KEYS) await call('putObject', { ...put, Key });
    return [unquoted((await call('headObject', { Bucket, Key: KEYS[3] })).ETag), '11177612005948864433'];
  });
  const get = async (Key, more = {}) => (await call('getObject', { Bucket, Key, ...more })).Body.toString();
  await report.find('get', () => get('tour/日本語.txt'));
  await report.find('range', () => get('tour/hello.txt', { Range: 'bytes=1-3' }));
  await report.refused('missing_key', () => get('tour/none'));
  await report.find('copy', async () => {
    const CopySource = `/client-src/${encodeURIComponent(KEYS[0])}`;
    return unquoted((await call('copyObject', { Bucket, Key: 'copy', CopySource })).ETag);
  });
}

async function multiparts() {
  await report.find('multipart', async () => {
    const upload = { Bucket, Key: 'parts' };
    upload.UploadId = (await call('createMultipartUpload', upload)).UploadId;
    const Parts = [];
    for (const PartNumber of [1, 2, 3]) {
      const part = await call('uploadPart', { ...upload, PartNumber: String(PartNumber), Body: Buffer.alloc(102400) });
      Parts.push({ PartNumber, ETag: part.ETag });
    }
    const done = await call('completeMultipartUpload', { ...upload, CompleteMultipartUpload: { Parts } });
    const head = await call('headObject', { Bucket, Key: 'parts' });
    return [Number(head.ContentLength), unquoted(done.ETag).slice(-2)];
  });
}

async function listings() {
  const list = params => call('listObjects', { Bucket, Prefix: 'tour/', ...params });
  await report.find('list', async () => (await list()).Contents.map(entry => entry.Key));
  await report.find('prefixes', async () => (await list({ Delimiter: '/' })).CommonPrefixes.map(entry => entry.Prefix));
}

async function buckets() {
  await report.find('buckets', async () => (await call('listBuckets')).Buckets.map(bucket => bucket.Name));
  await report.refused('missing_bucket', () => call('listObjects', { Bucket: 'no-such-bucket-1' }));
}

async function refusals() {
  const get = { Bucket, Key: 'copy' };
  await report.refused('wrong_secret', () => open('a', { secretAccessKey: 'wrong' })('getObject', get));
  await report.refused('unknown_key', () => open('nobody')('getObject', get));
  await report.refused('denied', () => open('reader')('putObject', { ...get, Body: hello }));
}

async function sessions() {
  const given = task.session;
  const keys = { accessKeyId: given.id, secretAccessKey: given.secret };
  const session = token => open('a', { ...keys, securityToken: token });
  await report.find('session', async () => {
    const right = session(given.token);
    const text = (await right('getObject', { Bucket, Key: 'seed/object-00001' })).Body.toString();
    return [text.slice(5, 17), await report.refusal(() => right('putObject', { Bucket, Key: 'x', Body: hello }))];
  });
  await report.refused('forged_token', () => session('forged')('getObject', { Bucket, Key: 'copy' }));
}

run(report, [objects, multiparts, listings, buckets, refusals, sessions]);
