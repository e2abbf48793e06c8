// The vendor's Go SDK for OSS, first generation; it has no policies and no signed URLs yet.
package main

import (
	"clients/report"
	"io"
	"io/ioutil"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"
)

var (
	task  = report.ReadTask()
	found = report.New(refusal)
	keys  = report.Keys
)

type list []interface{}

func refusal(err error) []interface{} {
	if service, ok := err.(oss.ServiceError); ok {
		return list{service.StatusCode, service.Code}
	}
	return list{err.Error()}
}

func connect(id, secret string, options ...oss.ClientOption) *oss.Client {
	client, err := oss.New(task.URL, id, secret, options...)
	if err != nil {
		panic(err)
	}
	return client
}

func open(client *oss.Client, name string) *oss.Bucket {
	bucket, err := client.Bucket(name)
	if err != nil {
		panic(err)
	}
	return bucket
}

func text(body io.ReadCloser, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer body.Close()
	content, err := ioutil.ReadAll(body)
	return string(content), err
}

func objects(bucket *oss.Bucket) {
	for _, key := range keys {
		meta := oss.Meta("note", "two  blanks")
		err := bucket.PutObject(key, strings.NewReader("hello"), meta, oss.ContentType("text/x-note"))
		if err != nil {
			found.Find("put "+key, nil, err)
		}
	}
	header, err := bucket.GetObjectDetailedMeta("tour/hello.txt")
	size, _ := strconv.Atoi(header.Get("Content-Length"))
	found.Find("put", list{strings.Trim(header.Get("ETag"), `"`), header.Get("X-Oss-Hash-Crc64ecma")}, err)
	found.Find("head", list{size, header.Get("Content-Type"), header.Get("X-Oss-Meta-Note")}, err)
	got, err := text(bucket.GetObject("tour/日本語.txt"))
	found.Find("get", got, err)
	got, err = text(bucket.GetObject("tour/hello.txt", oss.Range(1, 3)))
	found.Find("range", got, err)
	_, err = bucket.GetObject("tour/none")
	found.Refused("missing_key", err)
	copied, err := bucket.CopyObject(keys[0], "copy")
	found.Find("copy", strings.Trim(copied.ETag, `"`), err)
}

func appended(bucket *oss.Bucket) {
	first, err := bucket.AppendObject("appended", strings.NewReader("hello"), 0)
	if err != nil {
		found.Find("append", nil, err)
		return
	}
	second, _ := bucket.AppendObject("appended", strings.NewReader("hello"), first)
	got, err := text(bucket.GetObject("appended"))
	found.Find("append", list{strconv.FormatInt(first, 10), strconv.FormatInt(second, 10), got}, err)
}

func files(bucket *oss.Bucket) {
	folder, err := ioutil.TempDir("", "parts")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	sent, received := filepath.Join(folder, "sent"), filepath.Join(folder, "received")
	content := strings.Repeat("some text ", 30720)
	_ = ioutil.WriteFile(sent, []byte(content), 0o600)
	err = bucket.UploadFile("parts", sent, 102400, oss.Routines(2), oss.Checkpoint(true, ""))
	header, _ := bucket.GetObjectDetailedMeta("parts")
	size, _ := strconv.Atoi(header.Get("Content-Length"))
	etag := strings.Trim(header.Get("ETag"), `"`)
	found.Find("multipart", list{size, etag[len(etag)-2:]}, err)
	err = bucket.DownloadFile("parts", received, 102400, oss.Routines(2))
	back, _ := ioutil.ReadFile(received)
	same := 0
	if string(back) == content {
		same = len(back)
	}
	found.Find("resumable", same, err)
}

func names(page oss.ListObjectsResult) []string {
	result := []string{}
	for _, object := range page.Objects {
		result = append(result, object.Key)
	}
	return result
}

func listings(bucket *oss.Bucket) {
	all, err := bucket.ListObjects(oss.Prefix("tour/"))
	found.Find("list", names(all), err)
	pages, marker := [][]string{}, ""
	for more := true; more; {
		page, _ := bucket.ListObjects(oss.Prefix("tour/"), oss.MaxKeys(2), oss.Marker(marker))
		pages = append(pages, names(page))
		marker, more = page.NextMarker, page.IsTruncated
	}
	found.Find("pages", pages, nil)
	flat, err := bucket.ListObjects(oss.Prefix("tour/"), oss.Delimiter("/"))
	found.Find("prefixes", flat.CommonPrefixes, err)
	deleted, err := bucket.DeleteObjects(keys[1:3])
	sort.Strings(deleted.DeletedObjects)
	found.Find("delete_many", deleted.DeletedObjects, err)
}

func buckets(client *oss.Client) {
	listed, err := client.ListBuckets()
	result := []string{}
	for _, bucket := range listed.Buckets {
		result = append(result, bucket.Name)
	}
	found.Find("buckets", result, err)
	info, err := client.GetBucketInfo("client-src")
	location, _ := client.GetBucketLocation("client-src")
	found.Find("owner", list{info.BucketInfo.Owner.ID, location}, err)
	err = client.CreateBucket("client-new", oss.ACL(oss.ACLPublicRead))
	acl, _ := client.GetBucketACL("client-new")
	_ = client.DeleteBucket("client-new")
	found.Find("new_bucket", list{acl.ACL, found.Refusal(client.DeleteBucket("client-new"))}, err)
	_, err = open(client, "no-such-bucket-1").ListObjects()
	found.Refused("missing_bucket", err)
}

func refusals() {
	_, err := open(connect("key-a", "wrong"), "client-src").GetObject("copy")
	found.Refused("wrong_secret", err)
	_, err = open(connect("key-nobody", "x"), "client-src").GetObject("copy")
	found.Refused("unknown_key", err)
	found.Refused("denied", open(connect("key-reader", "secret-reader"), "client-src").PutObject("copy", strings.NewReader("")))
}

func sessions() {
	session := func(token string) *oss.Bucket {
		return open(connect(task.Session["id"], task.Session["secret"], oss.SecurityToken(token)), "client-src")
	}
	right := session(task.Session["token"])
	got, err := text(right.GetObject("seed/object-00001"))
	if err != nil {
		found.Find("session", nil, err)
		return
	}
	found.Find("session", list{got[5:17], found.Refusal(right.PutObject("x", strings.NewReader("")))}, nil)
	_, err = session("forged").GetObject("copy")
	found.Refused("forged_token", err)
}

func main() {
	client := connect("key-a", "secret-a")
	bucket := open(client, "client-src")
	objects(bucket)
	appended(bucket)
	files(bucket)
	listings(bucket)
	buckets(client)
	refusals()
	sessions()
	found.Print()
}
