/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: the agent, installed by the program itself. */
#include <errno.h>
#include <string.h>

#include "agent.h"
#include "jni_znio.h"

#define OPTIONS_MAX (PATH_MAX + 256)
#define MESSAGE_MAX (AGENT_MESSAGE_MAX + PATH_MAX)

/* returns: 0; -ENAMETOOLONG. */
static int take_options(JNIEnv *env, jbyteArray options, char *text) {
  jsize length = (*env)->GetArrayLength(env, options);
  if (length >= OPTIONS_MAX) return -ENAMETOOLONG;
  (*env)->GetByteArrayRegion(env, options, 0, length, (jbyte *)text);
  text[length] = '\0';
  return 0;
}

static void give_message(JNIEnv *env, const char *said, jbyteArray message) {
  jsize room = (*env)->GetArrayLength(env, message);
  jsize size = (jsize)strlen(said);
  (*env)->SetByteArrayRegion(env, message, 0, size < room ? size : room, (const jbyte *)said);
}

static jint JNICALL agentInstall(JNIEnv *env, jclass self, jbyteArray options, jbyteArray message) {
  char text[OPTIONS_MAX];
  char said[MESSAGE_MAX] = "";
  int result = take_options(env, options, text);
  if (result == 0) result = agent_install(env, text, said, sizeof said);
  give_message(env, said, message);
  return result;
}

static jint JNICALL agentCheck(JNIEnv *env, jclass self, jbyteArray options, jbyteArray message) {
  char text[OPTIONS_MAX];
  char said[MESSAGE_MAX] = "";
  int result = take_options(env, options, text);
  if (result == 0) result = agent_check(text, said, sizeof said);
  give_message(env, said, message);
  return result;
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(agentInstall, "([B[B)I"),
    JNI_METHOD(agentCheck, "([B[B)I"),
};
const struct jni_table jni_agent_table = JNI_TABLE(methods);
