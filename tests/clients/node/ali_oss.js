// ali-oss of any generation: the module's name in task.module, V4 by task.signature, path style by task.style.
'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { KEYS, Report, expiry, fetchUrl, run, task } = require('./report');
const OSS = require(task.module);

// Up to version 5 the plain client consists of generators, and the region is an argument of the bucket calls.
const Client = OSS.Wrapper || OSS;
const regional = OSS.Wrapper ? ['oss-cn-hangzhou'] : [];

const report = new Report(error => [error.status, error.code]);

function open(key, options = {}) {
  return new Client({
    endpoint: task.url,
    region: 'oss-cn-hangzhou',
    bucket: 'client-src',
    accessKeyId: `key-${key}`,
    accessKeySecret: `secret-${key}`,
    sldEnable: task.style === 'path',
    authorizationV4: task.signature === 'v4',
    ...options,
  });
}

const bucket = open('a');
const hello = Buffer.from('hello');
const etag = res => res.headers.etag.replace(/"/g, '');

async function objects() {
  const options = { mime: 'text/x-note', meta: { note: 'two  blanks' } };
  const put = await bucket.put('tour/hello.txt', hello, options);
  for (const key of KEYS.filter(name => name !== 'tour/hello.txt')) await bucket.put(key, hello);
  await report.find('put', () => [etag(put.res), put.res.headers['x-oss-hash-crc64ecma']]);
  await report.find('get', async () => (await bucket.get('tour/日本語.txt')).content.toString());
  await report.find('range', async () => {
    const part = await bucket.get('tour/hello.txt', { headers: { Range: 'bytes=1-3' } });
    return part.content.toString();
  });
  await report.find('head', async () => {
    const head = await bucket.head('tour/hello.txt');
    return [Number(head.res.headers['content-length']), head.res.headers['content-type'], head.meta.note];
  });
  await report.refused('missing_key', () => bucket.get('tour/none'));
  await report.find('missing_key_head', async () => (await report.refusal(() => bucket.head('tour/none')))[0]);
  await report.find('copy', async () => (await bucket.copy('copy', KEYS[0])).data.etag.replace(/"/g, ''));
}

async function appended() {
  await report.find('append', async () => {
    const first = await bucket.append('appended', hello);
    const second = await bucket.append('appended', hello, { position: first.nextAppendPosition });
    const text = (await bucket.get('appended')).content.toString();
    return [first.nextAppendPosition, second.nextAppendPosition, text];
  });
}

async function multiparts() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parts-'));
  const file = path.join(folder, 'sent');
  const content = Buffer.alloc(307200, 'some text ');
  fs.writeFileSync(file, content);
  await report.find('multipart', async () => {
    const upload = await bucket.multipartUpload('parts', file, { partSize: 102400 });
    const head = await bucket.head('parts');
    return [Number(head.res.headers['content-length']), upload.etag.replace(/"/g, '').slice(-2)];
  });
  await report.find('resumable', async () => ((await bucket.get('parts')).content.equals(content) ? content.length : 0));
  fs.rmSync(folder, { recursive: true });
}

async function listings() {
  const list = async query => (await bucket.list(query)).objects.map(entry => entry.name);
  await report.find('list', () => list({ prefix: 'tour/' }));
  await report.find('pages', async () => {
    const pages = [];
    let page = {};
    do {
      // Under V4 this SDK signs a marker that is undefined otherwise than it sends it.
      const marker = page.nextMarker ? { marker: page.nextMarker } : {};
      page = await bucket.list({ prefix: 'tour/', 'max-keys': 2, ...marker });
      pages.push(page.objects.map(entry => entry.name));
    } while (page.isTruncated);
    return pages;
  });
  await report.find('prefixes', async () => (await bucket.list({ prefix: 'tour/', delimiter: '/' })).prefixes);
}

async function listingsV2() {
  if (!bucket.listV2) return;
  await report.find('list_v2', async () => {
    const page = await bucket.listV2({ prefix: 'tour/', 'max-keys': 2 });
    const rest = await bucket.listV2({ prefix: 'tour/', 'continuation-token': page.nextContinuationToken });
    return [...page.objects, ...rest.objects].map(entry => entry.name);
  });
}

async function deletions() {
  await report.find('delete_many', async () => {
    const done = await bucket.deleteMulti(KEYS.slice(1, 3));
    return done.deleted.map(entry => entry.Key || entry).sort();
  });
}

async function buckets() {
  await report.find('buckets', async () => (await bucket.listBuckets()).buckets.map(entry => entry.name));
  if (bucket.getBucketInfo) {
    await report.find('owner', async () => {
      const info = (await bucket.getBucketInfo('client-src')).bucket;
      return [info.Owner.ID, (await bucket.getBucketLocation('client-src')).location];
    });
  }
  await report.find('new_bucket', async () => {
    await bucket.putBucket('client-new', ...regional);
    await bucket.putBucketACL('client-new', ...regional, 'public-read');
    const { acl } = await bucket.getBucketACL('client-new');
    await bucket.deleteBucket('client-new');
    return [acl, await report.refusal(() => bucket.deleteBucket('client-new'))];
  });
  await report.refused('missing_bucket', () => open('a', { bucket: 'no-such-bucket-1' }).list({ 'max-keys': 1 }));
}

async function refusals() {
  await report.refused('wrong_secret', () => open('a', { accessKeySecret: 'wrong' }).get('copy'));
  await report.refused('unknown_key', () => open('nobody').get('copy'));
  await report.refused('denied', () => open('reader').put('copy', hello));
}

// Without a way to refresh credentials the SDK prints a warning; with one due in an hour it does not.
const still = { refreshSTSToken: async () => task.session, refreshSTSTokenInterval: 3600000 };

async function sessions() {
  const given = task.session;
  const session = token => open('a', { accessKeyId: given.id, accessKeySecret: given.secret, stsToken: token, ...still });
  await report.find('session', async () => {
    const text = (await session(given.token).get('seed/object-00001')).content.toString();
    return [text.slice(5, 17), await report.refusal(() => session(given.token).put('x', hello))];
  });
  await report.refused('forged_token', () => session('forged').get('copy'));
}

// With an IP address for an endpoint this SDK refuses to make URLs.
const signsUrls = !/\d:\d+$/.test(task.url);

async function sign(name, options) {
  if (task.signature !== 'v4') return bucket.signatureUrl(name, options);
  return bucket.signatureUrlV4(options.method || 'GET', options.expires, {}, name);
}

async function urls() {
  if (!signsUrls) return;
  await report.find('presigned', async () => {
    const read = await fetchUrl(await sign(KEYS[0], { expires: 60 }));
    await fetchUrl(await sign('by-url', { expires: 60, method: 'PUT' }), 'PUT', 'by url');
    return [read[1], (await bucket.get('by-url')).content.toString()];
  });
}

// Signed first and read last, so that nobody waits for it to expire.
const fleeting = signsUrls && sign('seed/object-00001', { expires: 1 });

async function expiring() {
  if (signsUrls) await report.find('expired', async () => expiry(await fleeting));
}

async function policies() {
  if (!bucket.putBucketPolicy) return;
  await report.find('no_policy', async () => {
    // This SDK takes a missing policy for an answer.
    const none = await bucket.getBucketPolicy('client-src');
    return [none.status, none.policy === null ? 'NoSuchBucketPolicy' : none.policy];
  });
  await report.find('policy', async () => {
    const statement = {
      Effect: 'Allow',
      Action: ['oss:GetObject'],
      Principal: ['1000000000000002'],
      Resource: ['acs:oss:*:1000000000000001:client-src/*'],
    };
    await bucket.putBucketPolicy('client-src', { Version: '1', Statement: [statement] });
    const { policy } = await bucket.getBucketPolicy('client-src');
    await bucket.deleteBucketPolicy('client-src');
    return [policy.Statement[0].Action[0], policy.Statement[0].Resource[0].split(':').pop().slice(0, -2)];
  });
}

async function versioning() {
  if (!bucket.getBucketVersions) return;
  const versioned = open('a', { bucket: 'client-versioned' });
  await report.find('versions', async () => {
    const first = (await versioned.put('k', Buffer.from('first'))).res.headers['x-oss-version-id'];
    await versioned.put('k', Buffer.from('second'));
    await versioned.delete('k');
    const listed = await versioned.getBucketVersions();
    const oldest = (await versioned.get('k', { versionId: first })).content.toString();
    return [listed.objects.length, listed.deleteMarker.length, oldest];
  });
}

run(report, [
  ...[objects, appended, multiparts, listings, listingsV2, deletions, buckets, refusals, sessions, urls],
  ...[policies, versioning, expiring],
]);
